"""A client of the upload protocol for tests: ENDPOINT TOKEN FILE STATE."""
import os
import sys

from tusclient import client

endpoint, token, path, state = sys.argv[1:5]
tus = client.TusClient(endpoint, headers={"Authorization": "Bearer " + token})
url = None
if os.path.exists(state):
    with open(state) as kept:
        url = kept.read()
uploader = tus.uploader(path, url=url, chunk_size=1024 * 1024, metadata={"filename": os.path.basename(path)})
if url is None:
    uploader.set_url(uploader.create_url())
    with open(state, "w") as kept:
        kept.write(uploader.url)
uploader.upload()
