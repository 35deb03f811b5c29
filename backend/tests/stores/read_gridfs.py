"""Prints what a GridFS bucket holds: a line of JSON for each file, with its bytes read by PyMongo."""

import hashlib
import json
import sys

import gridfs
import pymongo

url, database = sys.argv[1:]
bucket = gridfs.GridFSBucket(pymongo.MongoClient(url)[database])
for file in bucket.find({}).sort("filename"):
    digest = hashlib.sha256(file.read()).hexdigest()
    print(json.dumps([file.filename, file.length, digest, file.metadata]))
