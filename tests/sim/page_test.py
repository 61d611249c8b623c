"""The report's page, as a browser shows it: drawn, told right, readable, light and dark, wide and narrow."""

import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SIM = pathlib.Path(os.environ["TYTO_BIN_DIR"]) / "sim/tyto-sim"
SECONDS_MAX = 120
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--virtual-time-budget=10000")
PLOTS = {"completion", "reads", "sources", "tiers", "buckets", "links-reader_up",
         "links-superpeer_up", "links-origin", "superpeer-chunks", "tracker", "transfers", "tree"}
# WCAG 2.1, 1.4.3 and 1.4.11.
TEXT_CONTRAST_MIN = 4.5
MARK_CONTRAST_MIN = 3

# Waits for the drawings, and says what can be seen of them.
PROBE = """
<script>
'use strict';
const channels = (color) => (color.match(/[0-9.]+/g) ?? ['0', '0', '0']).map(Number);
function luminance(color) {
  const [r, g, b] = channels(color).slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function groundOf(node) {
  for (let at = node; at instanceof Element; at = at.parentElement) {
    const color = getComputedStyle(at).backgroundColor;
    if (channels(color)[3] !== 0) return color;
  }
  return 'rgb(255, 255, 255)';
}
function contrast(node, color) {
  const [one, other] = [luminance(color), luminance(groundOf(node))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
const least = (values) => values.length === 0 ? null : Math.min(...values);
function seen() {
  const figures = {};
  for (const figure of document.querySelectorAll('figure.plot')) {
    const shapes = [...figure.querySelectorAll('path, rect')].filter((shape) => shape.closest('.legend') === null);
    const boxes = shapes.map((shape) => shape.getBBox());
    const colors = shapes.map((shape) => [shape, getComputedStyle(shape)])
      .map(([shape, style]) => contrast(shape, style.fill === 'none' ? style.stroke : style.fill));
    figures[figure.id] = {drawn: boxes.filter((box) => box.width + box.height > 1).length,
      marks: least(colors), bad: shapes.some((shape) => /NaN|Infinity|undefined/.test(shape.outerHTML))};
  }
  const texts = [...document.querySelectorAll('h1, h2, h3, p, td, th, li, dt, dd, .tile b, .tile span')]
    .filter((node) => node.textContent.trim() !== '');
  const labels = [...document.querySelectorAll('svg text')];
  return {figures,
    errors: document.getElementById('script-errors')?.textContent ?? '',
    tiles: Object.fromEntries([...document.querySelectorAll('.tile')].map((tile) => [tile.dataset.figure, tile.dataset.value])),
    heading: document.querySelector('h1').textContent,
    sections: [...document.querySelectorAll('h2')].map((node) => node.textContent),
    ground: luminance(groundOf(document.body)),
    texts: least([...texts.map((node) => contrast(node, getComputedStyle(node).color)),
      ...labels.map((node) => contrast(node, getComputedStyle(node).fill))]),
    overflow: document.documentElement.scrollWidth - window.innerWidth};
}
function look(tries) {
  const isDrawn = [...document.querySelectorAll('figure.plot')].every((figure) => figure.querySelector('svg') !== null);
  if (!isDrawn && tries > 0) { setTimeout(look, 50, tries - 1); return; }
  const out = document.createElement('pre');
  out.id = 'probe';
  out.textContent = JSON.stringify(seen());
  document.body.append(out);
}
setTimeout(look, 200, 100);
</script>
"""


def run_sim(*arguments):
    return subprocess.run([SIM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=SECONDS_MAX, check=False)


class PageTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.chromium = shutil.which("chromium")
        if cls.chromium is None:
            raise AssertionError("chromium is missing; tools/deps installs it")
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.json_file = cls.folder / "run.json"
        cls.page_file = cls.folder / "run.html"
        ran = run_sim("run", "racks4x4", "--chunks", 32, "--json", cls.json_file, "--report",
                      cls.page_file)
        if ran.returncode != 0:
            raise AssertionError(f"tyto-sim exited with {ran.returncode}: {ran.stdout}{ran.stderr}")
        cls.run_json = json.loads(cls.json_file.read_text())

    def browse(self, page, *flags):
        """What the probe saw of the page."""
        probed = self.folder / "probed.html"
        probed.write_text(page.read_text().replace("</body>", PROBE + "</body>"))
        with tempfile.TemporaryDirectory() as profile:
            ran = subprocess.run(
                [self.chromium, *FLAGS, f"--user-data-dir={profile}", *flags, "--dump-dom",
                 probed.as_uri()], capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        found = re.search(r'<pre id="probe">(.*?)</pre>', ran.stdout, re.DOTALL)
        self.assertIsNotNone(found, f"the page did not come to its end: {ran.stderr[-2000:]}")
        return json.loads(html.unescape(found[1]))

    def check_look(self, seen):
        self.assertEqual(seen["errors"], "")
        self.assertLessEqual(PLOTS, set(seen["figures"]))
        for name, figure in seen["figures"].items():
            with self.subTest(plot=name):
                self.assertGreater(figure["drawn"], 0)
                self.assertFalse(figure["bad"], "a mark has no place")
                self.assertGreaterEqual(figure["marks"], MARK_CONTRAST_MIN)
        self.assertGreaterEqual(seen["texts"], TEXT_CONTRAST_MIN)
        self.assertLessEqual(seen["overflow"], 0, "the page is wider than its window")

    def test_light_and_wide(self):
        seen = self.browse(self.page_file, "--window-size=1200,900")
        self.check_look(seen)
        self.assertGreater(seen["ground"], 0.8)

    def test_dark_and_narrow(self):
        seen = self.browse(self.page_file, "--window-size=500,900", "--force-dark-mode",
                           "--blink-settings=preferredColorScheme=0")
        self.check_look(seen)
        self.assertLess(seen["ground"], 0.05)

    def test_tiles_tell_the_figures_of_the_json(self):
        tiles = self.browse(self.page_file)["tiles"]
        self.assertGreaterEqual(len(tiles), 9)
        for path, value in tiles.items():
            at = self.run_json
            for name in path.split("."):
                if isinstance(at, list):
                    at = at[0]  # of all readers
                at = at[name]
            expected = max(at) if isinstance(at, list) else at
            self.assertEqual(float(value), expected, path)

    def test_nothing_is_asked_of_the_network(self):
        page = self.page_file.read_text()
        self.assertIn("default-src 'none'", page)
        self.assertEqual(re.findall(r'(?:src|href)="(?!data:)[^"]*"', page), [])

    def test_violations_come_first_and_the_run_fails(self):
        page = self.folder / "canary.html"
        ran = run_sim("run", "canary_unverified", "--report", page)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        dom = self.browse(page)
        self.assertEqual(dom["errors"], "")
        self.assertEqual(dom["heading"], "canary_unverified")
        self.assertEqual(dom["sections"][0], "Violations")

    def test_a_number_of_chunks_that_no_object_has_is_refused(self):
        ran = run_sim("run", "flat16", "--chunks", 3)
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("no object has 2 to 4 chunks", ran.stderr)

    def test_a_file_that_cannot_be_written_is_refused_before_the_run(self):
        for flag in ("--report", "--json"):
            missing = self.folder / "missing" / "file"
            ran = run_sim("run", "flat16", flag, missing)
            self.assertEqual(ran.returncode, 2)
            self.assertIn(str(missing), ran.stderr)
            self.assertIn("folder that exists", ran.stderr)
            self.assertNotIn("event hash", ran.stdout)


if __name__ == "__main__":
    unittest.main()
