"""A Label Studio project to a YOLO folder that a trainer loads.

export LABEL_STUDIO_URL=https://labels.example.com LABEL_STUDIO_API_KEY=...
python download_training_data.py "My project" data/
"""

import sys

from ls_tools import pull

project, out = sys.argv[1:]
report = pull(project, "yolo", out)

print(f"{report.tasks_written} of {report.tasks_in} tasks in {out}/data.yaml")
for loss in (*report.tasks_skipped, *report.skipped, *report.degraded):
    print(f"  {loss.count} x {loss.reason}")
for failure in report.media.failed:
    print(f"  task {failure.task_id}: {failure.cause}")
sys.exit(bool(report.media.failed))
