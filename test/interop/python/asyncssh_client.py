"""asyncssh: password, key, keyboard-interactive, and a key followed by a question for the code."""
import asyncio
import os
import warnings

warnings.simplefilter("ignore")
import asyncssh  # noqa: E402

from job import read_job  # noqa: E402

METHODS = {
    "password": "password",
    "appended": "password",
    "prompt": "keyboard-interactive",
    "key": "publickey",
    "key-prompt": "publickey,keyboard-interactive",
    "key-password": "publickey,password",
}


def client(job):
    class Client(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        def kbdint_challenge_received(self, _name, _instructions, _lang, prompts):
            return [job["code"] if "code" in text.lower() else job["secret"] for text, _echo in prompts]

    return Client


async def resume_upload(sftp, step):
    with open(step["local"], "rb") as source:
        start = await sftp.getsize(step["remote"])
        source.seek(start)
        async with sftp.open(step["remote"], "r+b") as target:
            await target.write(source.read(), start)


async def resume_download(sftp, step):
    start = os.path.getsize(step["local"])
    async with sftp.open(step["remote"], "rb") as source:
        rest = await source.read(-1, start)
    with open(step["local"], "ab") as target:
        target.write(rest)


async def perform(sftp, step):
    kind = step["do"]
    if kind == "upload":
        await sftp.put(step["local"], step["remote"])
    elif kind == "download":
        await sftp.get(step["remote"], step["local"])
    elif kind == "resume-upload":
        await resume_upload(sftp, step)
    elif kind == "resume-download":
        await resume_download(sftp, step)
    elif kind == "upload-tree":
        await sftp.put(step["local"], step["remote"], recurse=True)
    elif kind == "download-tree":
        await sftp.get(step["remote"], step["local"], recurse=True)
    elif kind == "list":
        print([entry.filename for entry in await sftp.readdir(step["remote"])])
    elif kind == "rename":
        await sftp.posix_rename(step["from"], step["to"])
    elif kind == "remove":
        await sftp.remove(step["remote"])
    elif kind == "mkdir":
        await sftp.mkdir(step["remote"])
    else:
        await sftp.rmdir(step["remote"])


async def main():
    job = read_job()
    options = {
        "username": job["user"],
        "known_hosts": None,
        "config": None,
        "agent_path": None,
        "client_factory": client(job),
        "client_keys": [job["key"]] if job["form"].startswith("key") else None,
        "preferred_auth": METHODS[job["form"]],
    }
    if "password" in METHODS[job["form"]].split(","):
        options["password"] = job["secret"]
    async with asyncssh.connect(job["host"], job["port"], **options) as connection:
        async with connection.start_sftp_client() as sftp:
            await perform(sftp, job["step"])


asyncio.run(main())
