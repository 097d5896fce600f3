#!/usr/bin/python3
"""Runs javascript_sdk_test.mjs against a server of its own."""

import os
import shutil
import subprocess
import unittest

import harness

PACKAGES = harness.ROOT / "build/e2e-node"


class JavaScriptSdk(unittest.TestCase):
    def test_the_first_write_up_with_the_javascript_sdk(self):
        if not shutil.which("node") or not (PACKAGES / "node_modules/@aws-sdk").exists():
            self.skipTest("Node.js or the JavaScript SDK is not installed (tools/setup.sh test)")
        with harness.Server() as server:
            keys = server.credentials()
            done = subprocess.run(["node", str(harness.ROOT / "tests/e2e/javascript_sdk_test.mjs"), server.url, server.region, server.account],
                                  capture_output=True, text=True, timeout=120, check=False,
                                  env={**os.environ, "NODE_PATH_ROOT": str(PACKAGES), "AWS_CONFIG_FILE": "/dev/null",
                                       "AWS_ACCESS_KEY_ID": keys["aws_access_key_id"],
                                       "AWS_SECRET_ACCESS_KEY": keys["aws_secret_access_key"]})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    harness.main()
