"""A bucket's policy, as its owner changes it by the `tyto` command on a tracker that runs."""

import json

from cluster_case import END_SECONDS, MIB, ClusterCase, unittest, until

WEIGHT_3 = "# heavy\n[selection]\nweight = 3\n"


class PolicyTest(ClusterCase):

    def setUp(self):
        super().setUp()
        self.cluster.start_tracker()
        self.cluster.create_bucket("b", self.origin.url)

    def bucket(self, *arguments, **how):
        """`tyto bucket ...`, which must succeed; what it printed."""
        done = self.cluster.tyto("bucket", *arguments, **how)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def bucket_fails(self, code, *arguments, **how):
        """The same, which must end with this code; the message."""
        done = self.cluster.tyto("bucket", *arguments, **how)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def policy(self, *flags):
        return json.loads(self.bucket("policy", "b", "--json", *flags))

    def set(self, document, *flags):
        self.bucket("set", "b", "--file", "-", *flags, text=document)

    def edit(self, script):
        """Variables under which `tyto bucket edit` runs this shell script on its file, as $1."""
        path = self.cluster.folder / "editor.sh"
        path.write_text(f"set -e\ncp \"$1\" {self.cluster.folder}/opened\n{script}\n")
        return {"EDITOR": f"sh {path}", "VISUAL": "", "TMPDIR": str(self.cluster.folder)}

    def opened(self):
        return (self.cluster.folder / "opened").read_text()

    def left(self):
        return list(self.cluster.folder.glob("tyto-b.*"))

    def test_a_policy_is_in_force_at_once_and_outlives_a_killed_tracker(self):
        self.cluster.start_superpeer()
        self.origin.hold_after(0)
        self.put("k", 4 * MIB)
        self.assertEqual(self.bucket("set", "b", "selection.weight=3", "--note", "why not"),
                         "b: policy version 2\n")
        reader = self.cluster.get("b/k")
        self.await_transfer_under(2)
        self.origin.let_through()
        reader.wait_done(END_SECONDS)
        before = self.policy()
        self.assertEqual(before["document"], "[selection]\nweight = 3\n")
        self.assertEqual(before["version_in_force"], 2)
        self.cluster.tracker.process.kill()
        self.cluster.restart_tracker()
        self.assertEqual(self.policy(), before)
        self.assertIn("why not", self.bucket("history", "b"))

    def await_transfer_under(self, version):
        """A transfer is under way that was decided under this version of the policy."""
        def is_there():
            transfers = self.cluster.api("/transfers")["transfers"]
            return any(one["reason"]["policy_version"] == version for one in transfers)

        until(is_there, END_SECONDS, lambda: f"a transfer under policy version {version}")

    def test_history_and_rollback(self):
        self.set(WEIGHT_3, "--note", "launch")
        self.bucket("set", "b", "selection.weight=9")
        rolled = json.loads(self.bucket("rollback", "b", "2", "--note", "calm again", "--json"))
        self.assertEqual(rolled["document"], WEIGHT_3)
        self.assertEqual(self.bucket("policy", "b"), WEIGHT_3)
        self.assertEqual(self.bucket("policy", "b", "--version", "3"),
                         "# heavy\n[selection]\nweight = 9\n")
        history = json.loads(self.bucket("history", "b", "--json"))["history"]
        self.assertEqual([(one["policy_version"], one["note"]) for one in history],
                         [(4, "rollback to 2: calm again"), (3, ""), (2, "launch"), (1, "")])
        self.assertIn("there are 1 to 4", self.bucket_fails(3, "rollback", "b", "9"))

    def test_what_is_wrong_is_refused_with_its_line_and_changes_nothing(self):
        wrong = self.bucket_fails(2, "set", "b", "--file", "-", text="\n[selection]\nweight = 0\n")
        self.assertIn("policy:3: selection.weight: expected an integer from 1 to 1000", wrong)
        self.assertIn("did you mean \"selection.weight\"?",
                      self.bucket_fails(2, "set", "b", "selection.wieght=3"))
        self.assertIn("NAME=VALUE", self.bucket_fails(2, "set", "b", "selection.weight"))
        self.bucket_fails(2, "set", "b")
        self.bucket_fails(2, "set", "b", "selection.weight=3", "--file", "-")
        self.assertIn("nowhere.toml", self.bucket_fails(3, "set", "b", "--file", "nowhere.toml"))
        self.bucket_fails(3, "set", "nobody", "selection.weight=3")
        self.bucket_fails(8, "set", "b", "selection.weight=3", "--expected", "7")
        self.assertEqual(self.policy()["policy_version"], 1)

    def test_a_bucket_is_made_with_its_policy(self):
        self.bucket("create", "c", "--policy", "-", text=WEIGHT_3)
        self.assertEqual(self.bucket("policy", "c"), WEIGHT_3)
        self.bucket_fails(2, "create", "d", "--policy", "-", text="[selection]\nweight = 0\n")
        self.bucket_fails(3, "show", "d")
        self.assertIn("policy_version", self.bucket("show", "c"))

    def test_the_format_lists_every_setting_and_is_itself_a_policy(self):
        form = self.bucket("policy", "--format")
        for name in ("[selection]", "weight = 1", "[caching]", "[origin]"):
            self.assertIn(name, form)
        self.set(form)
        self.assertEqual(self.bucket("policy", "b"), form)

    def test_an_editor_begins_with_all_settings_or_the_present_document(self):
        changed = self.bucket("edit", "b", "--note", "by hand",
                              env=self.edit("sed -i 's/^#weight = .*/weight = 4/' \"$1\""))
        self.assertEqual(changed, "b: policy version 2\n")
        self.assertIn("#weight = 1\n", self.opened())
        self.assertIn("\nweight = 4\n", self.policy()["document"])
        self.assertEqual(self.policy()["note"], "by hand")
        self.bucket("edit", "b", env=self.edit("echo '# more' >> \"$1\""))
        self.assertEqual(self.opened() + "# more\n", self.policy()["document"])
        self.assertEqual(self.left(), [])

    def test_saved_as_it_was_nothing_changes(self):
        done = self.cluster.tyto("bucket", "edit", "b", env=self.edit(""))
        self.assertEqual(done.returncode, 0)
        self.assertIn("unchanged; b stays at policy version 1", done.stderr)
        self.assertEqual(self.left(), [])

    def test_what_was_written_is_never_lost(self):
        bad = "printf '[selection]\\nweight = 0\\n' > \"$1\""
        message = self.bucket_fails(2, "edit", "b", env=self.edit(bad))
        self.assertIn("policy:2: selection.weight", message)
        [kept] = self.left()
        self.assertIn(f"tyto bucket set b --file {kept} --expected 1", message)
        kept.write_text(WEIGHT_3)
        self.bucket("set", "b", "--file", kept, "--expected", "1")
        self.assertEqual(self.bucket("policy", "b"), WEIGHT_3)
        kept.unlink()
        message = self.bucket_fails(130, "edit", "b", env=self.edit("echo x > \"$1\"; exit 3"))
        self.assertIn("exit code 3", message)
        self.assertEqual([path.read_text() for path in self.left()], ["x\n"])

    def test_a_change_meanwhile_is_a_conflict_that_loses_nothing(self):
        tyto = self.cluster.programs.tyto
        meanwhile = f"{tyto} bucket set b selection.weight=7 --api http://{self.cluster.tracker.http}"
        message = self.bucket_fails(
            8, "edit", "b", env=self.edit(f"{meanwhile} >&2\necho '# mine' > \"$1\""))
        self.assertIn("at version 2, and was expected at 1", message)
        [kept] = self.left()
        self.assertEqual(kept.read_text(), "# mine\n")
        self.assertEqual(self.bucket("policy", "b"), "[selection]\nweight = 7\n")


if __name__ == "__main__":
    unittest.main()
