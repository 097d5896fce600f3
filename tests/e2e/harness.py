"""Runs the real program for end-to-end tests: a server of its own on a free port, the AWS CLI, botocore clients, and
HTTP servers that stand in for Slack. Needs Debian's awscli and python3-botocore (tools/setup.sh test)."""

import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("TOCSIN_PROGRAM", str(ROOT / "build/release/tocsin"))
SHARED = pathlib.Path(os.environ.get("TOCSIN_SHARED_DIR", str(ROOT / "../shared")))
AWS = "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else shutil.which("aws")

try:
    import botocore.config
    import botocore.session
except ImportError:
    botocore = None


def require_clients():
    if botocore is None or AWS is None:
        raise unittest.SkipTest("awscli and python3-botocore are not installed (tools/setup.sh test)")


def shared_lines(name):
    """The JSON lines of a file of the shared data; skips the test where it is not there."""
    path = SHARED / "data" / name
    if not path.exists():
        raise unittest.SkipTest(f"{name} of the shared data is not here")
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class AwsError(Exception):
    pass


class Server:
    """`tocsin serve` with a data folder that lives as long as this object."""

    def __init__(self, *flags, env=None, region="us-east-1", account="111122223333"):
        self.flags, self.region, self.account = list(flags), region, account
        self.env = dict(env or {})
        self.folder = tempfile.mkdtemp(prefix="tocsin-e2e-")
        self.process = None
        self.url = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        command = [PROGRAM, "serve", "--data", self.folder, "--listen", "127.0.0.1:0", "--account", self.account,
                   "--region", self.region, *self.flags]
        self.log = open(os.path.join(self.folder, "server.log"), "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, **self.env})
        line = self.process.stdout.readline()
        if "http://" not in line:
            self.process.wait(10)
            raise AssertionError(f"the server did not start: {line!r}\n{self.log_text()}")
        self.url = "http://" + line.split("http://")[1].split()[0].rstrip("/")
        return self

    def log_text(self):
        with open(os.path.join(self.folder, "server.log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def stop(self, how=signal.SIGTERM, patience=30):
        self.process.send_signal(how)
        return self.process.wait(patience)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def environment(self):
        return {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": os.path.join(self.folder, "credentials"),
                "AWS_CONFIG_FILE": "/dev/null", "AWS_DEFAULT_REGION": self.region, "AWS_PAGER": "",
                "AWS_EC2_METADATA_DISABLED": "true"}

    def aws(self, *words, check=True):
        """Runs the AWS CLI; returns its answer as a document. Raises AwsError with what it says."""
        done = subprocess.run([AWS, "--endpoint-url", self.url, "--output", "json", *words], capture_output=True, text=True,
                              env=self.environment(), timeout=60)
        if done.returncode != 0:
            raise AwsError(done.stderr.strip())
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def credentials(self):
        values = {}
        with open(os.path.join(self.folder, "credentials"), encoding="utf-8") as lines:
            for line in lines:
                if "=" in line:
                    name, value = line.split("=", 1)
                    values[name.strip()] = value.strip()
        return values

    def client(self, service):
        """A botocore client, for tests that make many calls."""
        keys = self.credentials()
        session = botocore.session.Session()
        return session.create_client(service, region_name=self.region, endpoint_url=self.url,
                                     aws_access_key_id=keys["aws_access_key_id"],
                                     aws_secret_access_key=keys["aws_secret_access_key"],
                                     config=botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5,
                                                                   read_timeout=30))


class Receiver:
    """An HTTP server that stands in for Slack: keeps what it was sent and what it answered. It answers 200, or what
    `decide(n)` gives for the n-th request: a status, or a status and headers."""

    def __init__(self, decide=None):
        self.requests = []
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                request = {"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()},
                           "body": body.decode(), "at": time.monotonic()}
                with receiver.lock:
                    receiver.requests.append(request)
                    number = len(receiver.requests)
                decided = decide(number) if decide else 200
                status, headers = decided if isinstance(decided, tuple) else (decided, {})
                request["status"] = status
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/services/T000/B000/secretpart"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self):
        with self.lock:
            return list(self.requests)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def eventually(what, patience=20.0, message="it did not happen in time"):
    """Polls `what` until it gives something true; the condition is the other process's, so there is no clock to set."""
    deadline = time.monotonic() + patience
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(message)
        time.sleep(0.02)


def main():
    unittest.main(verbosity=2, warnings="ignore", argv=[sys.argv[0], *sys.argv[1:]])
