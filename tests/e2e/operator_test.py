#!/usr/bin/python3
"""What a person does at the command line: look, block, un-block, protect, escalate, and make mistakes."""

import gzip
import json
import os
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import harness


class Operator(unittest.TestCase):
    def setUp(self):
        harness.require_clients()
        self.server = harness.Server().start()

    def tearDown(self):
        self.server.__exit__()

    def run_program(self, *words, stdin=None):
        done = subprocess.run([harness.PROGRAM, *words], input=stdin, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def ask(self, command, *words):
        server = self.server
        code, out, err = self.run_program(command, "--data", server.folder, "--endpoint", server.url, "--json", *words)
        self.assertIn(code, (0, 1), err)
        return code, json.loads(out)

    def feed(self):
        with urllib.request.urlopen(self.server.url + "/feeds/blocklist.txt", timeout=10) as answer:
            return answer.read().decode().split(), answer.headers["ETag"]

    def test_block_unblock_protect(self):
        code, answer = self.ask("blocks", "--add", "84.205.67.9", "--reason", "seen in the proxy's log")
        self.assertEqual((code, answer["Block"]["State"]), (0, "confirmed"))
        self.assertEqual(self.feed()[0], ["84.205.67.9/32"])
        tag = self.feed()[1]
        request = urllib.request.Request(self.server.url + "/feeds/blocklist.txt", headers={"If-None-Match": tag})
        with self.assertRaises(urllib.error.HTTPError) as unchanged:
            urllib.request.urlopen(request, timeout=10)
        self.assertEqual(unchanged.exception.code, 304)

        code, answer = self.ask("blocks", "--add", "10.1.2.3")
        self.assertEqual((code, answer["Refused"]["Code"]), (1, "SpecialPurpose"))
        self.assertEqual(self.ask("blocks", "--remove", "84.205.67.9")[1]["Released"][0]["HostIp"], "84.205.67.9")
        self.assertEqual(self.feed()[0], [])

        self.ask("blocks", "--add", "84.205.68.9")
        self.assertEqual(self.ask("blocks", "--protect", "84.205.68.0/24", "--reason", "a partner")[1]["Released"][0]["HostIp"], "84.205.68.9")
        self.assertEqual(self.ask("blocks", "--add", "84.205.68.10")[1]["Refused"]["Code"], "NeverBlock")
        report = self.ask("blocks")[1]
        self.assertEqual(report["Blocks"], [])
        self.assertEqual([one["Prefix"] for one in report["NeverBlock"] if one["Source"] == "manual"], ["84.205.68.0/24"])

    def test_samples_are_repeatable_and_can_be_escalated(self):
        first = self.run_program("samples", "--seed", "7", "--count", "5", "--account", self.server.account)[1]
        self.assertEqual(first, self.run_program("samples", "--seed", "7", "--count", "5", "--account", self.server.account)[1])
        self.assertEqual(self.run_program("import", "-", "--data", self.server.folder, "--endpoint", self.server.url, stdin=first)[0], 0)
        findings = self.ask("findings", "--limit", "5")[1]
        self.assertEqual(len(findings), 5)
        gravity = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
        self.assertEqual(findings, sorted(sorted(findings, key=lambda one: one["UpdatedAt"], reverse=True),
                                          key=lambda one: gravity.index(one["Severity"]["Label"])))
        words = ["findings", "--data", self.server.folder, "--endpoint", self.server.url]
        self.assertIn(findings[0]["Id"], self.run_program(*words)[1], "ids can be copied")
        self.assertEqual(self.run_program("help", "findings"), self.run_program("findings", "--help"))
        self.assertIn("2 of 5 shown; --limit N shows more", self.run_program(*words, "--limit", "2")[1])
        self.assertNotIn("shown", self.run_program(*words)[1])
        for narrower in (["--severity", "LOW"], ["--status", "NEW"], ["--id", "x"]):
            code, out, err = self.run_program(*words, "--escalate", findings[0]["Id"], *narrower)
            self.assertEqual((code, out), (2, ""))
            self.assertIn("excludes", err)
        before = self.depth()
        self.ask("findings", "--escalate", findings[0]["Id"])
        harness.eventually(lambda: self.depth() == before + 1)

    def depth(self):
        queues = self.server.client("sqs")
        url = queues.get_queue_url(QueueName="security-incident-queue")["QueueUrl"]
        return int(queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"])

    def test_mistakes_are_explained(self):
        code, _, err = self.run_program("serve", "--data", self.server.folder, "--listen", "127.0.0.1:0")
        self.assertEqual(code, 3)
        self.assertIn("in use by another process", err)
        with tempfile.TemporaryDirectory() as folder:
            taken, stacks = self.server.url.removeprefix("http://"), os.path.join(folder, "stacks")
            os.mkdir(stacks)
            with open(os.path.join(stacks, "bad.yaml"), "w", encoding="utf-8") as file:
                file.write("Resources: {X: {Type: AWS::SQS::Queue, Properties: {QueueName: '?'}}}\n")
            with open(os.path.join(folder, "stacks.toml"), "w", encoding="utf-8") as file:
                file.write(f"[stacks]\nfolder = '{stacks}'\n")
            for words in (["--listen", taken], ["--listen", "127.0.0.1:0", "--config", os.path.join(folder, "stacks.toml")]):
                for command in ("serve", "demo"):
                    code, _, err = self.run_program(command, "--data", os.path.join(folder, "new", "data"), *words)
                    self.assertEqual(code, 3, err)
                    self.assertFalse(os.path.exists(os.path.join(folder, "new")), words)
            os.mkdir(os.path.join(folder, "damaged"))
            with open(os.path.join(folder, "damaged", "store.db"), "wb") as file:
                file.write(b"x" * 20000)
            code, _, err = self.run_program("serve", "--data", os.path.join(folder, "damaged"), "--listen", "127.0.0.1:0")
            self.assertEqual(code, 3)
            self.assertIn("damaged/store.db cannot be read: it is damaged", err)
            code, _, err = self.run_program("findings", "--data", os.path.join(folder, "nothing"))
            self.assertEqual(code, 3)
            self.assertIn("no credentials", err)
            path = os.path.join(folder, "bad.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write("[identity]\naccount = 12\nregoin = \"x\"\n")
            code, _, err = self.run_program("config", "check", path)
            self.assertEqual(code, 2)
            self.assertIn("line 2: identity.account", err)
            self.assertIn("line 3: identity.regoin", err)
            with open(path, "w", encoding="utf-8") as file:
                file.write("listen = '0.0.0.0:4747'\n")
            for words in ([path], ["--config", path]):
                code, out, err = self.run_program("config", "check", *words)
                self.assertEqual((code, out), (0, f"{path}: good, with 3 warnings\n"))
                self.assertIn("warning: line 1: listen", err)
        self.assertEqual(self.run_program("config", "check")[0], 2)
        self.assertEqual(self.run_program("serve", "--account", "12")[0], 2)
        self.assertEqual(self.run_program("nonsense")[0], 2)
        self.assertEqual(self.run_program("version")[0], 0)

    def test_of_two_first_starts_one_keeps_the_folder(self):
        with tempfile.TemporaryDirectory() as parent:
            for round_number in range(4):
                folder = os.path.join(parent, str(round_number))
                command = [harness.PROGRAM, "serve", "--data", folder, "--listen", "127.0.0.1:0"]
                both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                        for _ in range(2)]
                lines = [process.stdout.readline() for process in both]
                winners = [process for process, line in zip(both, lines) if "http://" in line]
                try:
                    self.assertEqual(len(winners), 1, lines)
                    for process in both:
                        if process is not winners[0]:
                            self.assertEqual(process.wait(20), 3)
                    for name in ("store.db", "credentials"):
                        self.assertTrue(os.path.exists(os.path.join(folder, name)), name)
                finally:
                    for process in both:
                        process.kill()
                        process.wait(20)
                        process.stdout.close()

    def started_with(self, *before, **env):
        """Whether the process that serves began with larger caches."""
        with tempfile.TemporaryDirectory() as folder:
            command = [*before, harness.PROGRAM, "serve", "--no-stacks", "--data", folder, "--listen", "127.0.0.1:0"]
            clean = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  env={**clean, **env}) as process:
                try:
                    self.assertIn("http://", process.stdout.readline(), command)
                    with open(f"/proc/{process.pid}/environ", encoding="utf-8") as file:
                        began = file.read()
                finally:
                    process.kill()
            return "glibc.malloc.tcache_count=500" in began

    def test_it_begins_itself_anew_once_with_larger_caches(self):
        self.assertTrue(self.started_with())
        self.assertTrue(self.started_with(GLIBC_TUNABLES="glibc.malloc.perturb=0"))
        off = "glibc.malloc.tcache_count=7"
        self.assertFalse(self.started_with(GLIBC_TUNABLES=off))
        self.assertFalse(self.started_with(GLIBC_TUNABLES="glibc.malloc.perturb=0:" + off))
        self.assertFalse(self.started_with(TOCSIN_BEGUN_ANEW="1"))
        loader = "/lib64/ld-linux-x86-64.so.2"
        if os.path.exists(loader):
            self.assertFalse(self.started_with(loader))

    def test_a_store_keeps_its_account_and_region(self):
        self.assertEqual(self.server.stop(), 0)
        code, _, err = self.run_program("serve", "--data", self.server.folder, "--listen", "127.0.0.1:0", "--account", "999988887777",
                                        "--region", "eu-west-1")
        self.assertEqual(code, 2)
        for named in (self.server.account, "999988887777", self.server.region, "eu-west-1"):
            self.assertIn(named, err)
        command = [harness.PROGRAM, "serve", "--data", self.server.folder, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            self.server.url = "http://" + process.stdout.readline().split("http://")[1].strip()
            self.assertEqual(self.server.aws("sts", "get-caller-identity")["Account"], self.server.account)
            self.ask("findings")
            process.terminate()
            self.assertEqual(process.wait(20), 0)

    def test_wrong_use_is_refused_before_anything_happens(self):
        with tempfile.TemporaryDirectory() as folder:
            nothing = os.path.join(folder, "nothing")
            cases = [
                (["blah"], "unknown command 'blah'; did you mean 'blocks'"),
                (["improt", "x"], "did you mean 'import'"),
                (["findings", "--severity", "terrible"], "CRITICAL"),
                (["findings", "--status", "lost"], "SUPPRESSED"),
                (["findings", "--limit", "0"], "--limit"),
                (["findings", "--endpoint", "nonsense"], "is not a server's URL"),
                (["findings", "--data", self.server.folder, "--endpoint", self.server.url, "--account", "999988887777"], self.server.account),
                (["blocks", "--add", "84.205.67.9", "--remove", "84.205.67.9"], "at most 1"),
                (["blocks", "--add", ""], "must not be empty"),
                (["samples", "--account", "abc"], "--account: must be 12 digits"),
                (["import", nothing], "cannot be read"),
                (["import", folder], "it is a folder"),
                (["import", "-", "-"], "once only"),
                (["import", "-", "--refusals", "-1"], "--refusals"),
                (["blocks", "--reason", "why"], "needs one of them"),
                (["blocks", "--add", "84.205.67.9", "--reason", "x" * 2000], "must not be longer"),
                (["demo", "--once", "--data", os.path.join(folder, "demo"), "--findings", nothing], "cannot be read"),
                (["config", "check", nothing], "cannot be read"),
                (["config", "check", folder], "is a folder"),
                (["serve", "--config", nothing], nothing),
                (["serve", "--data", os.path.join(folder, "x"), "--listen", "127.0.0.1:99999"], "65535"),
                (["samples", "--seed", "-1"], "--seed"),
                (["match", "--rules", nothing], "cannot be read"),
            ]
            for words, says in cases:
                code, out, err = self.run_program(*words)
                self.assertEqual((code, out), (2, ""), words)
                self.assertIn(says, err, words)
            self.assertFalse(os.path.exists(os.path.join(folder, "demo")))
            code, out, _ = self.run_program("import", "--json", nothing)
            self.assertEqual((code, json.loads(out)["exitCode"]), (2, 2))
        self.assertTrue(json.loads(self.run_program("version", "--json")[1])["version"])

    def test_an_answer_says_what_happened(self):
        words = ["--data", self.server.folder, "--endpoint", self.server.url]
        self.run_program("blocks", *words, "--protect", "84.205.68.0/24")
        self.assertEqual(self.run_program("blocks", *words, "--unprotect", "84.205.68.0/24"),
                         (0, "84.205.68.0/24 is no longer on the never-block list\n", ""))
        code, _, err = self.run_program("blocks", *words, "--unprotect", "84.205.68.0/24")
        self.assertEqual(code, 1)
        self.assertIn("is not on the never-block list", err)
        code, out, _ = self.run_program("blocks", *words, "--unprotect", "8.8.8.8")
        self.assertEqual(code, 0)
        self.assertIn("no longer on the never-block list\n8.8.8.8 is protected by default", out)
        self.assertIn("protect_public_resolvers = false", out)
        self.run_program("blocks", *words, "--add", "84.205.67.9")
        code, out, err = self.run_program("blocks", *words, "--protect", "0.0.0.0/0")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("would lift 1 current blocks", err)
        self.assertEqual(self.feed()[0], ["84.205.67.9/32"])
        code, out, _ = self.run_program("blocks", *words, "--protect", "84.0.0.0/7", "--yes")
        self.assertEqual(code, 0)
        self.assertIn("84.205.67.9", out)
        code, out, err = self.run_program("blocks", *words, "--remove", "84.205.67.9")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("is not blocked; nothing was changed", err)
        code, out, _ = self.run_program("blocks", *words, "--hold", "84.205.67.9")
        self.assertEqual(code, 0)
        self.assertIn("84.205.67.9 was not blocked\nheld: not blocked automatically until", out)

    def test_a_row_put_by_hand_is_enforced_and_a_rule_group_changed_by_hand_is_mended(self):
        table, group = "us-east-1-gd-firewall", {"RuleGroupName": "us-east-1-guardduty-nf-rg", "Type": "STATELESS"}
        dynamodb, firewall = self.server.client("dynamodb"), self.server.client("network-firewall")

        def held():
            return "84.205.67.9/32" in json.dumps(firewall.describe_rule_group(**group)["RuleGroup"])

        def state():
            return dynamodb.get_item(TableName=table, Key={"HostIp": {"S": "84.205.67.9"}})["Item"]["State"]["S"]

        for refused in ("10.0.0.1", "1.1.1.1", "no address"):
            with self.assertRaises(Exception, msg=refused):
                dynamodb.put_item(TableName=table, Item={"HostIp": {"S": refused}})
        dynamodb.put_item(TableName=table, Item={"HostIp": {"S": "84.205.67.9"}})
        harness.eventually(lambda: held() and state() == "confirmed")
        now = firewall.describe_rule_group(**group)
        rules = now["RuleGroup"]["RulesSource"]["StatelessRulesAndCustomActions"]["StatelessRules"]
        for rule in rules:
            for side in rule["RuleDefinition"]["MatchAttributes"].values():
                side[:] = [{"AddressDefinition": "127.0.0.1/32"}]
        firewall.update_rule_group(**group, RuleGroup=now["RuleGroup"], UpdateToken=now["UpdateToken"])
        harness.eventually(lambda: held() and state() == "confirmed")
        self.assertIn("took 1 blocked addresses out of a rule group", self.server.log_text())
        self.run_program("blocks", "--data", self.server.folder, "--endpoint", self.server.url, "--remove", "84.205.67.9")
        self.assertFalse(held())

    def test_a_rule_group_changed_by_hand_passes_the_gate_and_is_shown(self):
        group = ["--rule-group-name", "us-east-1-guardduty-nf-rg", "--type", "STATELESS"]

        def update(change):
            now = self.server.aws("network-firewall", "describe-rule-group", *group)
            change(now["RuleGroup"]["RulesSource"]["StatelessRulesAndCustomActions"]["StatelessRules"])
            return self.server.aws("network-firewall", "update-rule-group", *group, "--update-token", now["UpdateToken"],
                                   "--rule-group", json.dumps(now["RuleGroup"]))

        def dropping(address, priority=7):
            match = {"Sources": [{"AddressDefinition": address}]}
            return lambda rules: rules.append({"Priority": priority, "RuleDefinition": {"MatchAttributes": match, "Actions": ["aws:drop"]}})

        for address in ("10.1.2.3/32", "8.8.8.8/32", "127.0.0.2/32", "0.0.0.0/1", "84.0.0.0/8"):
            with self.assertRaisesRegex(harness.AwsError, "InvalidRequestException.*rule 7 .*" + address.removesuffix("/32")):
                update(dropping(address))
        self.assertEqual(self.feed()[0], [])
        update(dropping("84.205.67.9/32"))
        self.assertEqual(self.feed()[0], ["84.205.67.9/32"])
        (shown,) = self.ask("blocks")[1]["ByHand"]
        self.assertEqual((shown["Address"], shown["Rule"], shown["InFeed"]), ("84.205.67.9", "rule 7", True))
        self.assertTrue(shown["By"].endswith(":user/admin"), shown)
        out = self.run_program("blocks", "--data", self.server.folder, "--endpoint", self.server.url)[1]
        self.assertRegex(out, "84.205.67.9 +us-east-1-guardduty-nf-rg +rule 7")
        answer = self.ask("blocks", "--remove", "84.205.67.9")[1]
        self.assertEqual([one["Rule"] for one in answer["TakenOut"]], ["rule 7"])
        self.assertEqual(self.feed()[0], [])

        # What is put into the rules that hold the blocks becomes a block.
        self.ask("blocks", "--add", "84.205.68.1")

        def add_to_blocks(rules):
            (blocks,) = [rule for rule in rules if rule["Priority"] == 30000]
            blocks["RuleDefinition"]["MatchAttributes"]["Sources"].append({"AddressDefinition": "84.205.68.2/32"})

        update(add_to_blocks)
        harness.eventually(lambda: [(one["HostIp"], one["State"]) for one in self.ask("blocks")[1]["Blocks"]] ==
                           [("84.205.68.1", "confirmed"), ("84.205.68.2", "confirmed")])

    def test_failures_are_logged_without_secrets(self):
        machine = f"arn:aws:states:us-east-1:{self.server.account}:stateMachine:us-east-1-sechub-record-ip"
        execution = self.server.client("stepfunctions").start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        topic = self.server.client("sns").create_topic(Name="t")["TopicArn"]
        self.server.client("sns").subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/services/T000/verysecretpath")
        harness.eventually(lambda: "execution failed arn=" + execution in self.server.log_text())
        harness.eventually(lambda: "web hook failed receiver=http://127.0.0.1:9/" in self.server.log_text())
        self.assertIn("error=States.Runtime", self.server.log_text())
        self.assertNotIn("verysecret", self.server.log_text())

    def test_links_in_messages_can_be_followed(self):
        sns, receiver = self.server.client("sns"), harness.Receiver()
        try:
            topic = sns.create_topic(Name="t")["TopicArn"]
            arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, ReturnSubscriptionArn=True)["SubscriptionArn"]
            asked = json.loads(harness.eventually(receiver.taken)[0]["body"])
            with urllib.request.urlopen(asked["SubscribeURL"], timeout=10) as answer:
                self.assertIn(arn, answer.read().decode())
            sns.publish(TopicArn=topic, Message="m")
            told = json.loads(harness.eventually(lambda: receiver.taken()[1:])[0]["body"])
            with urllib.request.urlopen(told["UnsubscribeURL"], timeout=10) as answer:
                self.assertEqual(answer.status, 200)
            self.assertEqual(sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"], [])
        finally:
            receiver.close()
        # What a stack subscribed has links to this server as well; its owner alone may end it.
        queues = self.server.client("sqs")
        url = queues.get_queue_url(QueueName="security-incident-queue")["QueueUrl"]
        sns.publish(TopicArn=f"arn:aws:sns:us-east-1:{self.server.account}:security-incident-alerts", Message="m")
        link = json.loads(queues.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"])["UnsubscribeURL"]
        self.assertTrue(link.startswith(self.server.url + "/"), link)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(link, timeout=10)
        self.assertEqual(refused.exception.code, 403)

    def test_another_region_is_refused(self):
        with self.assertRaisesRegex(harness.AwsError, "SignatureDoesNotMatch.*region is 'us-east-1'"):
            self.server.aws("sqs", "list-queues", "--region", "eu-west-1")

    def test_an_interrupted_import_says_how_far_it_came(self):
        words = ["--data", self.server.folder, "--endpoint", self.server.url]
        samples = self.run_program("samples", "--count", "500", "--account", self.server.account)[1].splitlines(keepends=True)
        importing = subprocess.Popen([harness.PROGRAM, "import", "--json", "-", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
        importing.stdin.write("".join(samples[:300]))
        importing.stdin.flush()
        count = lambda: len(self.server.client("securityhub").get_findings(MaxResults=100)["Findings"])
        harness.eventually(lambda: count() == 100)
        self.server.kill()
        out, _ = importing.communicate("".join(samples[300:]))
        self.assertEqual(importing.returncode, 3)
        report = json.loads(out)
        self.assertGreaterEqual(report["taken"], 100)
        self.assertEqual(sum(report["forms"].values()), report["taken"] + report["refused"])
        self.assertTrue(report["interrupted"]["repeatingIsSafe"])
        self.assertGreater(report["interrupted"]["fromLine"], 100)
        self.server.start()
        code, out, err = self.run_program("import", "-", "--data", self.server.folder, "--endpoint", self.server.url, stdin="".join(samples))
        self.assertEqual(code, 0, out + err)

    def test_a_file_that_was_cut_off_is_named_so(self):
        samples = self.run_program("samples", "--count", "50", "--account", self.server.account)[1]
        with tempfile.NamedTemporaryFile(suffix=".gz") as file:
            file.write(gzip.compress(samples.encode())[:-2000])
            file.flush()
            code, out, _ = self.run_program("import", file.name, "--data", self.server.folder, "--endpoint", self.server.url)
        self.assertEqual(code, 1)
        self.assertIn("ends in the middle", out)

    def test_a_signal_ends_a_start(self):
        with tempfile.TemporaryDirectory() as folder:
            slow = os.path.join(folder, "slow.toml")
            os.mkfifo(slow)  # nobody writes into it: the start hangs at its configuration

            def is_read():
                try:
                    return os.open(slow, os.O_WRONLY | os.O_NONBLOCK)
                except OSError:
                    return None

            for command, how, code in (("serve", signal.SIGTERM, 0), ("serve", signal.SIGINT, 0), ("demo", signal.SIGINT, 1)):
                process = subprocess.Popen([harness.PROGRAM, command, "--data", folder, "--config", slow], stdout=subprocess.DEVNULL,
                                           stderr=subprocess.PIPE, text=True)
                writer = harness.eventually(is_read)
                process.send_signal(how)
                err = process.communicate(timeout=10)[1]
                os.close(writer)
                self.assertEqual(process.returncode, code)
                self.assertIn("before it was ready", err)

    def test_health(self):
        for path in ("/healthz", "/readyz"):
            with urllib.request.urlopen(self.server.url + path, timeout=10) as answer:
                self.assertEqual(answer.status, 200)

    def test_a_full_disk_is_not_ready_before_anything_is_written(self):
        def ready():
            try:
                with urllib.request.urlopen(self.server.url + "/readyz", timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as refused:
                return refused.code, refused.read().decode()

        self.assertEqual(self.server.stop(), 0)
        folder = os.path.join(self.server.folder, "disk")
        os.mkdir(folder)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, check=False).returncode != 0:
            self.skipTest("file systems can't be mounted here")
        try:
            server = harness.Server()
            os.rmdir(server.folder)
            server.folder = os.path.join(folder, "data")
            os.mkdir(server.folder)
            self.server.url = server.start().url
            self.assertEqual(ready()[0], 200)
            filler = os.path.join(folder, "filler")
            with open(filler, "wb") as file, self.assertRaises(OSError):
                file.write(bytes(64 << 20))
            text = harness.eventually(lambda: ready()[1] if ready()[0] == 503 else None)
            self.assertIn("0 MB free", text)
            self.assertIn("make room", text)
            os.remove(filler)
            harness.eventually(lambda: ready()[0] == 200)
            self.assertEqual(server.stop(), 0)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)

    def test_a_client_past_its_share_is_throttled_in_its_own_protocol(self):
        self.assertEqual(self.server.stop(), 0)
        path = os.path.join(self.server.folder, "share.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[http]\nclient_bodies_mb = 1\n")
        self.server.flags += ["--config", path]
        self.server.start()
        with self.assertRaises(Exception) as throttled:
            self.server.client("dynamodb").put_item(TableName="us-east-1-gd-firewall",
                                                    Item={"HostIp": {"S": "84.205.67.9"}, "more": {"S": "m" * 1_500_000}})
        answer = throttled.exception.response
        self.assertEqual((answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]), ("ThrottlingException", 429))
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "1")
        with self.assertRaisesRegex(Exception, "Throttling.*its share"):
            self.server.client("sns").publish(TopicArn=f"arn:aws:sns:us-east-1:{self.server.account}:t", Message="m" * 1_500_000)
        self.assertTrue(self.server.client("securityhub").describe_hub()["HubArn"])

    def test_stacks_are_left_alone_when_nothing_changed_and_updated_when_it_did(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertIn("name=ip-blocking created=0 updated=0", self.server.log_text())
        self.assertEqual(self.server.stop(), 0)
        self.server.env["TOCSIN_SLACK_WEBHOOK_URL"] = "http://127.0.0.1:9/changed"
        self.server.start()
        self.assertIn("name=ip-blocking created=0 updated=1", self.server.log_text())
        self.assertNotIn("127.0.0.1:9/changed", self.server.log_text())


if __name__ == "__main__":
    harness.main()
