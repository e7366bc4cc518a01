#!/usr/bin/env python3
"""What targets say of their metrics arrives as Prometheus's agent sends it: the same entries."""
import pathlib
import tempfile
import unittest

from page_server import OPENMETRICS, PageServer, page
from processes import PrometheusScraper, Sluice, wait_until
from receiver import Receiver, decode_metadata

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
- job_name: text
  metrics_path: /text
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
- job_name: again
  metrics_path: /again
  metric_relabel_configs:
  - {{source_labels: [__name__], regex: a_gauge, action: drop}}
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
- job_name: openmetrics
  metrics_path: /openmetrics
  static_configs: [{{targets: ['127.0.0.1:{port}']}}]
remote_write:
- url: {url}
  metadata_config: {{send_interval: 1s, max_samples_per_send: 3}}
  queue_config: {{batch_send_deadline: 200ms}}
  write_relabel_configs:
  - {{source_labels: [__name__], regex: some_total, action: drop}}
"""

TEXT = r"""# HELP some_total Counts, with a \\ and a \n in it.
# TYPE some_total counter
some_total{a="1"} 1
some_total{a="2"} 2
# TYPE no_help gauge
no_help 1
# HELP no_type Only help.
no_type 1
nothing_said 1
# HELP a_histogram Buckets.
# TYPE a_histogram histogram
a_histogram_bucket{le="1"} 1
a_histogram_bucket{le="+Inf"} 1
a_histogram_sum 1
a_histogram_count 1
# HELP a_summary é
# TYPE a_summary summary
a_summary{quantile="0.5"} 1
a_summary_sum 1
a_summary_count 1
"""

# One family that is said the same of, one otherwise, one of which all series are dropped.
AGAIN = r"""# HELP some_total Counts, with a \\ and a \n in it.
# TYPE some_total counter
some_total{a="1"} 1
# HELP a_summary Not as elsewhere.
# TYPE a_summary summary
a_summary_count 1
# HELP a_gauge Its series are dropped.
# TYPE a_gauge gauge
a_gauge 1
"""

OPEN = """# HELP requests Answered.
# TYPE requests counter
requests_total 1
# TYPE size_bytes gauge
# UNIT size_bytes bytes
# HELP size_bytes How large.
size_bytes 2
# TYPE build info
build_info{a="b"} 1
# TYPE state stateset
state{state="on"} 1
# TYPE odd unknown
# HELP odd Odd.
odd 1
# EOF
"""


# Of each page, one that only it has.
ONE_OF_EACH = {("a_histogram", "Buckets."), ("a_summary", "Not as elsewhere."), ("odd", "Odd.")}


class Metadata(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.pages = PageServer({"text": [page(TEXT)], "again": [page(AGAIN)],
                                 "openmetrics": [page(OPEN, content_type=OPENMETRICS)]}).start()
        self.addCleanup(self.pages.stop)

    def entries_of(self, agent) -> set:
        """Those of a round that has nothing new any more; no request has too many."""
        entries, rounds = set(), []

        def note(receiver, _handler, _series):
            found = decode_metadata(receiver.bodies.last)
            self.assertLessEqual(len(found), 3)
            if found:
                rounds.append(len(entries))
                entries.update(found)
            return 204

        receiver = Receiver(note).start()
        self.addCleanup(receiver.stop)
        program = agent(self.folder, CONFIG.format(port=self.pages.port, url=receiver.url()))
        self.addCleanup(program.cleanup)
        program.start()
        def is_all():
            told = {(family, words) for family, _, words, _ in list(entries)}
            return ONE_OF_EACH <= told and len(rounds) > 20 and rounds[-20] == len(entries)

        wait_until(is_all, "all metadata")
        return entries

    def test_the_same_families_are_told_of_with_the_same_words(self):
        ours = self.entries_of(Sluice)
        theirs = self.entries_of(PrometheusScraper)
        # Prometheus says nothing of its own series, and much of series that it dropped.
        own = {entry for entry in ours if entry[0] == "up" or entry[0].startswith("scrape_")}
        self.assertEqual(len(own), 5)
        dropped = {entry for entry in theirs if entry[0] == "a_gauge"}
        self.assertEqual(len(dropped), 1)
        self.assertEqual(ours - own, theirs - dropped)
        self.assertIn(("some_total", 1, "Counts, with a \\ and a \n in it.", ""), ours)
        self.assertIn(("size_bytes", 2, "How large.", "bytes"), ours)


if __name__ == "__main__":
    unittest.main()
