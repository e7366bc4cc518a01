"""Jobs against recorded answers in OpenMetrics text."""
from page_server import OPENMETRICS, Answer
from recorded_pages import Job, page

# One of everything. Times are in seconds, here with a quarter that a double holds exactly.
ALL_KINDS = """\
# HELP foo_seconds A counter with an exemplar.
# TYPE foo_seconds counter
# UNIT foo_seconds seconds
foo_seconds_total{path="/"} 17.5 # {trace_id="abc",span="1"} 0.5 <start+10250s>
foo_seconds_created{path="/"} 1700000000.25
# TYPE temperature gauge
temperature{place="roof"} -3
# TYPE size_bytes histogram
# UNIT size_bytes bytes
size_bytes_bucket{le="0.0"} 0
size_bytes_bucket{le="1.0"} 4 # {trace_id="x"} 0.75
size_bytes_bucket{le="1e+06"} 5
size_bytes_bucket{le="+Inf"} 6 # {} 2e+06 <start+10500s>
size_bytes_count 6
size_bytes_sum 324789.25
size_bytes_created 1700000000.25
# TYPE gauges gaugehistogram
gauges_bucket{le="1.0"} 4
gauges_bucket{le="+Inf"} 4
gauges_gcount 4
gauges_gsum 3
# TYPE rpc summary
rpc{quantile="0.5"} 4773
rpc{quantile="1.0"} NaN
rpc_count 2693
rpc_sum 1.7560473e+07
# TYPE build info
build_info{version="1.2",commit="höhe"} 1
# TYPE state stateset
state{state="on"} 1
state{state="off"} 0
# TYPE thing unknown
thing 7
no_metadata{a="\\\\ \\" \\n"} 8
timed 9 <start+300250s>
# EOF
"""

# Each is a page of its own: whether it is accepted counts, too. The ends are sent as they are, all
# others with the end that a page must have.
ENDS = ["a 1\n# EOF\n", "a 2\n# EOF", "a 3\n", "a 4\n# EOF\n\n", "a 5\n# EOF\nb 6\n", "# EOF\n",
        "", "a 7\n #EOF\n"]
SPELLINGS = {
    "blanks": [" a 1", "a  2", "a\t3", "a 4 ", "a 5\n", "a{b=\"c\"}6", "a{ b=\"c\"} 7",
               "a{b=\"c\" } 8"],
    "metadata": ["# comment\na 1", "# TYPE a untyped\na 2", "# HELP a\na 3", "# HELP a \na 4",
                 "# TYPE a_s gauge\n# UNIT a_s s\na_s 5", "# UNIT a b\na 6",
                 "# TYPE a counter\na 7", "# TYPE a counter \na 8"],
    "labels": ["a{b=\"c\",} 1", "a{} 2", "a{b=\"\"} 3", "a{b=\"c\"d=\"e\"} 4",
               "a{b=\"two\nlines\"} 5", "a{,} 6", "a{b=\"\\x \\\\n\"} 7", "{b=\"c\"} 8"],
    "values": ["a +Inf", "a infinity", "a 0x1p3", "a 1_0", "a 1e400", "a .5", "a nan", "a 1 2 3"],
    "times": ["a 1 <start+300500s>", "a 2 NaN", "a 3 -Inf", "a 4 1e", "a 5 <start+301000s>",
              "a 6 <start+301000s>x"],
    "exemplars": ["a_total 1 # {b=\"c\"} 1", "a_total 2 # {} 1", "a_total 3 # {b=\"c\"}",
                  "a_total 4 # {b=c} 1", "a_total 5 #{b=\"c\"} 1", "a_total 6 # {b=\"c\"} 1 NaN",
                  "a_total 7 <start+302000s> # {b=\"c\"} 1 1",
                  "a_total 8 # {b=\"" + "x" * 200 + "\"} 1"],
    "histogram": ["# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1",
                  "# TYPE s summary\ns{quantile=\"1\"} 1\ns{quantile=\"0.5\"} 1"],
}


def openmetrics(text: str) -> Answer:
    return page(text, content_type=OPENMETRICS)


def jobs() -> dict[str, Job]:
    return {
        "openmetrics": Job([openmetrics(ALL_KINDS)] * 2),
        "openmetrics-gone": Job([openmetrics(ALL_KINDS), openmetrics("temperature 1\n# EOF\n"),
                                 openmetrics("# EOF\n"), openmetrics("")]),
        "openmetrics-to-text": Job([openmetrics("a 1\nb 2\n# EOF\n"), page("a 3\nb 4\n"),
                                    openmetrics("a 5\nb 6\n# EOF\n")]),
        "openmetrics-ends": Job([openmetrics(text) for text in ENDS]),
        **{f"openmetrics-{kind}": Job([openmetrics(text + "\n# EOF\n") for text in pages])
           for kind, pages in SPELLINGS.items()},
    }
