"""Jobs against recorded answers, for scraping by two agents: configuration and script of each."""
import dataclasses

from page_server import Answer, page

BASIC = """\
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027
http_requests_total{method="post",code="400"} 3
# A comment.
# TYPE temperature gauge
temperature -12.5
# HELP rpc_seconds A summary, which has a complex representation in the text format.
# TYPE rpc_seconds summary
rpc_seconds{quantile="0.01"} 3102
rpc_seconds{quantile="0.5"} 4773
rpc_seconds_sum 1.7560473e+07
rpc_seconds_count 2693
# TYPE size histogram
size_bucket{le="0.5"} 0
size_bucket{le="1.0"} 8
size_bucket{le="+Inf"} 9
size_sum 17.25
size_count 9
untyped_thing 7
"""

CONFLICTS = """\
with_job{job="own"} 1
with_instance{instance="here"} 2
with_both{job="own",instance="here"} 3
with_exported{job="own",exported_job="taken"} 4
with_twice{job="own",exported_job="taken",exported_exported_job="too"} 5
with_empty{instance=""} 6
with_empty_exported{job="own",exported_job=""} 7
with_zone{zone="z"} 8
with_none 9
"""

RELABEL = """\
keep_me{pod="web-1",namespace="prod",id="1"} 1
keep_me{pod="web-2",namespace="prod",id="2"} 2
keep_me{pod="web-3",namespace="test",id="3"} 3
drop_me{pod="web-1",namespace="prod"} 4
rename_me_seconds{pod="Web-1",namespace="Prod",label_app="shop",label_tier="front"} 5
no_labels 6
same{a="x",b="x"} 7
same{a="x",b="y"} 8
"""

VALUES = """\
value{kind="nan"} NaN
value{kind="inf"} +Inf
value{kind="minus_inf"} -Inf
value{kind="bare_inf"} Inf
value{kind="infinity"} infinity
value{kind="minus_zero"} -0
value{kind="smallest"} 4.9406564584124654e-324
value{kind="largest"} 1.7976931348623157e+308
value{kind="underflow"} 1e-400
value{kind="digits"} 0.1234567890123456789012345678901234567890
value{kind="halfway"} 9007199254740993
value{kind="point_first"} .5
value{kind="point_last"} 5.
value{kind="zeros"} 00012
value{kind="plus"} +3
value{kind="exponent"} 1E+03
value{kind="negative_exponent"} 25e-1
"""

# Each is a page of its own: whether it is accepted counts, too.
SPELLINGS = {
    "blanks": [
        "  indented 1\n", "a  2\n", "a{b=\"c\"}3\n", "a { b = \"c\" , d=\"e\" } 4 \n", "a\t5\n",
        "\ta\t{b\t=\t\"c\"}\t6\n", "a 7\n\n\nb 8\n", "a 9\n   \nb 10\n"],
    "comments": [
        "#no blank\na 1\n", "# TYPE\na 2\n", "# TYPEa gauge\na 3\n", "# HELP a\na 4\n",
        "# HELP\ta\tWith tabs.\na 5\n", "# EOF\na 6\n", "# UNIT a b\na 7\n", "#\na 8\n"],
    "metadata": [
        "# TYPE a counter\n# TYPE a gauge\na 1\n", "# HELP a x\na 2\n# HELP a y\na 3\n",
        "# TYPE a unknown\na 4\n", "# TYPE a  counter\na 5\n", "# TYPE a counter \na 6\n",
        "# TYPE a_sum summary\na_sum 7\n", "# TYPE a Counter\na 8\n"],
    "labels": [
        "a{b=\"c\",} 1\n", "a{} 2\n", "a{b=\"\"} 3\n", "a{b=\"\\\\ \\\" \\n \\x\"} 4\n",
        "a{b=\"höhe 日本語 🚿\"} 5\n", "a{b=\"two\nlines\"} 6\n", "a{_b=\"c\"} 7\n",
        "a{b=\"#{},=\"} 8\n"],
    "labels-that-are-not": [
        "a{,} 1\n", "a{b=\"c\",,d=\"e\"} 2\n", "a{b=c} 3\n", "a{b='c'} 4\n", "a{b} 5\n",
        "a{1b=\"c\"} 6\n", "a{b=\"c\" 7\n"],
    "names": ["a:b:c 1\n", "_a 2\n", "9a 3\n", "a.b 4\n", "a-b 5\n", "{} 6\n", ":a 7\n", "ä 8\n"],
    "ends": ["a 1", "a 2\nb 3", "a 4\n# comment", "a 5\n\0b 6\n", "a 7\n# HELP a", "a", "a{b"],
    "newer": [
        "a{b=\"c\"d=\"e\"} 1\n", "{\"a.b\"} 2\n", "{\"a.b\",c=\"d\"} 3\n",
        "a{\"b.c\"=\"d\"} 4\n", "a{b=\"c\\\nd\"} 5\n"],
}

HISTOGRAM = """\
# TYPE rows histogram
rows_bucket{le="1"} 1
rows_bucket{le="10"} 2
rows_bucket{le="1e3"} 3
rows_bucket{le="+Inf"} 4
rows_sum 50
rows_count 4
# TYPE quick summary
quick{quantile="0"} 1
quick{quantile="1"} 2
quick_sum 3
quick_count 2
"""

DUPLICATES = """\
twice{a="b"} 1
once 2
twice{a="b"} 3
respelled{a="b",c="d"} 4
respelled{c="d",a="b"} 5
"""


# Scripts of what is no job.
OTHER_SCRIPTS = {"landing": [page(BASIC)]}


def numbered(names: str, start: float = 1) -> str:
    """One line for each name, with ascending values."""
    return "".join(f"{name} {start + i:g}\n" for i, name in enumerate(names.split()))


@dataclasses.dataclass(frozen=True)
class Job:
    script: list[Answer]
    config: str = ""  # more fields of the job, in YAML
    targets: int = 1


def limits() -> dict[str, Job]:
    fits, over = page(numbered("a b c")), page(numbered("a b c d"))
    return {
        "sample-limit": Job([fits, over, fits, over, over, fits], "sample_limit: 3"),
        "sample-limit-first": Job([over, fits, over, fits], "sample_limit: 3"),
        "sample-limit-after-relabel": Job(
            [over, fits], """
    sample_limit: 3
    metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]"""),
        "label-limit": Job([page('a{x="1"} 1\nb 2\n'), page('a{x="1"} 1\nb{x="1",y="2"} 2\n'),
                            page('a{x="1"} 1\nb 2\n')], "label_limit: 5"),
        "label-name-length": Job([page('a{x="1"} 1\nb 2\n'),
                                  page('a{x="1"} 1\nb{longer_name="1"} 2\n')],
                                 "label_name_length_limit: 10"),
        "label-value-length": Job([page(numbered("a b")), page('a 1\nb{x="' + "v" * 31 + '"} 2\n')],
                                  "label_value_length_limit: 30"),
        "body-size": Job([page(numbered("a b")), page(numbered("a b") + "#" * 2000 + "\n"),
                          page(numbered("a b"))], "body_size_limit: 1KB"),
        "body-size-gzip": Job([page(numbered("a b"), compressed=True),
                               page(numbered("a b") + "#" * 2000 + "\n", compressed=True)],
                              "body_size_limit: 1KB"),
        "target-limit": Job([page(numbered("a b"))] * 3, "target_limit: 1", targets=2),
    }


def timestamps() -> dict[str, Job]:
    # 2.5 s ago is halfway between two scrapes, even if an answer is late.
    mixed = page("own 1 <start+300000>\nnone 2\nother{a=\"b\"} 3 <start+300007>\n")
    later = page("own 4 <start+330000>\nnone 5\n")
    return {
        "timestamps": Job([mixed, later, page("none 6\n"), page("own 7 <start+330005>\n"),
                           page("")]),
        "timestamps-ignored": Job([mixed, later, page("none 6\n")], "honor_timestamps: false"),
        "timestamps-recent": Job([page("own 1 <now+500>\nb 1\n"), page("own 2 <now-2500>\nb 2\n"),
                                  page("b 3\n"), page("own 4 <now-2500>\nb 4\n")]),
        "timestamps-repeated": Job(
            [page("many 1 <start+300000>\nmany 2 <start+300010>\nmany 3 <start+300020>\n"),
             page("many 4 <start+330000>\nmany 5 <start+330010>\n")]),
        "timestamps-out-of-order": Job(
            [page("own 1 <start+330000>\nx 1\n"), page("own 2 <start+300000>\nx 2\n"),
             page("own 3 <start+330000>\nx 3\n"), page("own 4 <start+330001>\nx 4\n")]),
        "timestamps-come": Job([page("own 1\n"), page("own 2 <now-2500>\n"), page("own 3\n")]),
        "timestamps-come-and-go": Job([page("own 1\n"), page("own 2 <start+330000>\n"),
                                       page("own 3\n"), page("x 1\n")]),
        "timestamps-in-the-future": Job([page("own 1 <start+3600000>\nx 1\n"),
                                         page("own 2\nx 2\n")]),
    }


def failures() -> dict[str, Job]:
    all_three, two = page(numbered("a b c")), page(numbered("a b"))
    dead = Answer(dead=True)
    return {
        "stale": Job([all_three, two, all_three, page(numbered("c b a", 10)), two, two]),
        "dies": Job([all_three, two, dead, dead, all_three, dead]),
        "starts-dead": Job([dead, dead, two]),
        "empty": Job([all_three, page(""), page("# only a comment\n"), two]),
        "errors": Job([all_three, page("a 1\n", status=503), page("a 1\n", status=404), two,
                       page("", status=204)]),
        "parse-error": Job([all_three, page("a 1\nb 2 3 4\nc 3\n"), all_three,
                            page("a 1\nd 4\nnonsense\n"), all_three, page("!\n"), dead]),
        "parse-error-new-series": Job([page("a 1\n"), page("a 2\nnew 1\n!\n"), page("a 3\n"),
                                       page("a 4\nnew 2\n")]),
        "bad-names": Job([two, page("a 1\nb{=\"x\"} 1\n"), two, page("a 1\n{b=\"x\"} 1\n"), two]),
        "relabel-to-no-name": Job(
            [two, two], "metric_relabel_configs: "
                        "[{source_labels: [__name__], regex: b, target_label: __name__, "
                        "replacement: ''}]"),
        "bad-utf8": Job([two, Answer(b"a 1\nb{x=\"\xff\"} 2\n"), two]),
        "bad-values": Job([page(f"a 1\nb {value}\n") for value in
                           ["1", "0x1p-3", "1_000", "1e400", "one", "", "--1", "1,5"]]),
        "bad-timestamps": Job([page(f"a 1\nb 2 {stamp}\n") for stamp in
                               ["1x", "-", "1.5", "99999999999999999999"]]),
        "carriage-return": Job([page("a 1\r\nb 2\r\n"), two]),
        "duplicate-label": Job([two, page("a 1\nb{x=\"1\",x=\"2\"} 2\n"), two]),
        "duplicate-label-after-relabel": Job(
            [page("a{x=\"1\"} 1\nb{y=\"1\"} 2\n")] * 2,
            "metric_relabel_configs: [{action: labelmap, regex: x, replacement: y}]"),
        "redirect": Job([page("", status=302, headers=(("Location", "/landing"),))] * 2),
        "no-redirect": Job([page("", status=302, headers=(("Location", "/landing"),))] * 2,
                           "follow_redirects: false"),
    }


def relabeling() -> dict[str, Job]:
    return {
        "honor-labels": Job([page(CONFLICTS)] * 2, "honor_labels: true"),
        "exported": Job([page(CONFLICTS)] * 2),
        "metric-relabel": Job([page(RELABEL)] * 2, """
    metric_relabel_configs:
      - {source_labels: [__name__], regex: 'drop_.*', action: drop}
      - {source_labels: [namespace], regex: 'prod|Prod|', action: keep}
      - {source_labels: [__name__], regex: 'rename_me_(.+)', target_label: __name__,
         replacement: 'renamed_${1}'}
      - {action: labelmap, regex: 'label_(.+)', replacement: 'k8s_$1'}
      - {action: labeldrop, regex: 'label_.+|id'}
      - {source_labels: [pod], target_label: pod, action: lowercase}
      - {source_labels: [namespace], target_label: upper, action: uppercase}
      - {source_labels: [pod, namespace], separator: '@', target_label: where}
      - {source_labels: [pod], modulus: 7, target_label: shard, action: hashmod}
      - {source_labels: [instance], target_label: instance, regex: '(.+):.+', replacement: 'h-$1'}
      - {source_labels: [no_such], regex: '^$', target_label: added, replacement: always}
      - {source_labels: [job], target_label: job, replacement: ''}"""),
        "label-keep": Job([page(RELABEL)] * 2, """
    metric_relabel_configs:
      - {action: labelkeep, regex: '__name__|pod|job|case'}"""),
        "equal": Job([page(RELABEL)] * 2, """
    metric_relabel_configs:
      - {source_labels: [a], target_label: b, action: dropequal}
      - {source_labels: [__name__], regex: same, action: keep}"""),
        "drop-all": Job([page(RELABEL)] * 2, """
    metric_relabel_configs: [{regex: '.*', action: drop}]"""),
        "merged-by-relabel": Job([page("a{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n")] * 2, """
    metric_relabel_configs: [{action: labeldrop, regex: x}]"""),
        "target-relabel": Job([page(CONFLICTS)] * 2, """
    params: {module: [http_2xx], empty: [''], two: [a, b]}
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance, regex: '(.+):(.+)',
         replacement: 'probe-$1'}
      - {source_labels: [__meta_nothing], target_label: nothing}
      - {target_label: zone, replacement: 'eu'}
      - {target_label: empty, replacement: ''}
      - {target_label: __tmp_dropped, replacement: gone}
      - {target_label: __metrics_path__, replacement: /target-relabel/probe}
      - {source_labels: [job], target_label: job, replacement: 'renamed-$1'}"""),
    }


def jobs() -> dict[str, Job]:
    return {
        "basic": Job([page(BASIC)] * 2),
        "gzip": Job([page(BASIC, compressed=True)] * 2),
        "values": Job([page(VALUES)] * 2),
        **{f"spelling-{kind}": Job([page(text) for text in pages])
           for kind, pages in SPELLINGS.items()},
        "histogram": Job([page(HISTOGRAM)] * 2),
        "duplicates": Job([page(DUPLICATES)] * 2),
        "own-up": Job([page("up 3\nscrape_samples_scraped 4\nb 5\n")] * 2),
        "own-up-honored": Job([page('up{job="other"} 3\nb{job="other"} 5\n')] * 2,
                              "honor_labels: true"),
        **relabeling(), **limits(), **timestamps(), **failures(),
    }
