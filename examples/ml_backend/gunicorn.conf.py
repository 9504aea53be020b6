"""How gunicorn serves the backend: ``gunicorn`` in this folder reads it by itself."""

import os

wsgi_app = "app:create_app()"
bind = os.environ.get("BIND", "127.0.0.1:9090")

# Each worker makes its own Resolver; the cache on disk is common to all of them.
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))

# Threads keep /health answering, for which Label Studio waits one second, while
# predictions are under way.
worker_class = "gthread"
threads = 4
timeout = 120  # seconds; Label Studio waits 100 for predictions

accesslog = "-"
access_log_format = '%(p)s "%(r)s" %(s)s %(L)ss'
