"""A nightly snapshot of a remote project, verified, resumed where it was cut.

    export LABEL_STUDIO_URL=https://labels.example.com LABEL_STUDIO_API_KEY=...
    python fetch_snapshot.py 12 backups/

Run it again after a failure: the same snapshot is taken up, and its download goes
on where it stopped.
"""

import sys
from datetime import datetime, timezone
from pathlib import Path

from ls_tools import Client, LsToolsError, SnapshotFilter

project, folder = sys.argv[1], Path(sys.argv[2])
today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
target = folder / f"project-{project}-{today}.json"
folder.mkdir(parents=True, exist_ok=True)

try:
    with Client() as client:
        title = f"nightly {today}"
        made = [s for s in client.list_snapshots(project) if s.title.startswith(title)]
        usable = [s for s in made if s.status != "failed"]
        if usable:
            snapshot = client.wait_snapshot(project, usable[0].id, deadline_s=3600)
        else:
            everything = SnapshotFilter(full={"predictions", "drafts", "annotators"})
            snapshot = client.create_snapshot(
                project, everything, title=title, wait_s=3600
            )
        file = client.download_snapshot(project, snapshot.id, target)
        for old in client.list_snapshots(project):
            if old.title.startswith("nightly ") and old.id != snapshot.id:
                client.delete_snapshot(project, old.id)
except LsToolsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(error.exit_code)

print(f"{file.path}: {file.size_bytes} bytes, md5 {file.md5}")
print("verified" if file.verified else "not verified", end=", ")
print(f"resumed from byte {file.resumed_from}" if file.resumed_from else "in one go")
