"""What the Python clients share: the job comes as JSON on stdin, and the first failure ends with a traceback."""
import json
import os
import posixpath
import sys


def read_job():
    return json.load(sys.stdin)


def local_tree(top):
    """Folders before what is in them, as (path relative to top, is a folder)."""
    for folder, names, files in os.walk(top):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), top), True
        for name in files:
            yield os.path.relpath(os.path.join(folder, name), top), False


def upload_tree(top, remote, mkdir, put):
    mkdir(remote)
    for path, folder in local_tree(top):
        there = posixpath.join(remote, path)
        if folder:
            mkdir(there)
        else:
            put(os.path.join(top, path), there)


def download_tree(remote, top, entries, get):
    """`entries(path)` gives (name, is a folder) of what is in a folder."""
    os.makedirs(top, exist_ok=True)
    for name, folder in entries(remote):
        there, here = posixpath.join(remote, name), os.path.join(top, name)
        if folder:
            download_tree(there, here, entries, get)
        else:
            get(there, here)
