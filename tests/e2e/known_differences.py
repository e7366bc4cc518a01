"""Where Sluice scrapes otherwise than Debian's Prometheus, and why."""

# Reason -> what differs for it, as CASE | SERIES | what Prometheus sent | what Sluice sent. Nothing
# else may differ, and all of this must. Debian's Prometheus is 2.42; Sluice follows today's rules.
KNOWN_DIFFERENCES = {
    "2.42 sends all samples that a scrape has of one series; today it keeps the first": [
        "duplicates | respelled{a='b',c='d'} | 0=4.0 0=5.0 1=4.0 1=5.0 | 0=4.0 1=4.0",
        "duplicates | scrape_series_added | 0=4.0 1=0.0 | 0=3.0 1=0.0",
        "duplicates | twice{a='b'} | 0=1.0 0=3.0 1=1.0 1=3.0 | 0=1.0 1=1.0",
        "label-keep | same | 0=7.0 0=8.0 1=7.0 1=8.0 | 0=7.0 1=7.0",
        "label-keep | scrape_series_added | 0=8.0 1=0.0 | 0=7.0 1=0.0",
        "merged-by-relabel | a | 0=1.0 0=2.0 1=1.0 1=2.0 | 0=1.0 1=1.0",
        "merged-by-relabel | scrape_series_added | 0=3.0 1=0.0 | 0=2.0 1=0.0",
        "spelling-metadata | a | 0=1.0 1=2.0 1=3.0 2=stale | 0=1.0 1=2.0 2=stale",
    ],
    "of one series spelled in two ways, Prometheus ends the old spelling beside the new sample": [
        "spelling-labels | a | 1=2.0 2=3.0 2=stale 3=stale | 1=2.0 2=3.0 3=stale",
        "openmetrics-labels | a | 1=2.0 2=3.0 2=stale 3=stale | 1=2.0 2=3.0 3=stale",
        "spelling-labels | scrape_series_added | 0=1.0 1=1.0 2=1.0 3=1.0 4=1.0 5=1.0 6=1.0 7=1.0"
        " | 0=1.0 1=1.0 2=0.0 3=1.0 4=1.0 5=1.0 6=1.0 7=1.0",
    ],
    "what a target says of `up` and the like in the name of its agent, Sluice leaves out": [
        "own-up | scrape_samples_scraped | 0=4.0 0=3.0 1=4.0 1=3.0 | 0=3.0 1=3.0",
        "own-up | scrape_series_added | 0=3.0 1=0.0 | 0=1.0 1=0.0",
        "own-up | up | 0=3.0 0=1.0 1=3.0 1=1.0 | 0=1.0 1=1.0",
    ],
    "since 3.0 an empty label does not occupy the name exported_LABEL": [
        "exported | with_empty_exported{exported_exported_job='own'} | 0=7.0 1=7.0 | None",
        "exported | with_empty_exported{exported_job='own'} | None | 0=7.0 1=7.0",
        "target-relabel | with_empty_exported{exported_exported_job='own',"
        "instance='probe-127.0.0.1',job='renamed-target-relabel',zone='eu'} | 0=7.0 1=7.0 | None",
        "target-relabel | with_empty_exported{exported_job='own',"
        "instance='probe-127.0.0.1',job='renamed-target-relabel',zone='eu'} | None | 0=7.0 1=7.0",
    ],
    "since 3.0 `le` and `quantile` are brought into one spelling": [
        "histogram | quick{quantile='0'} | 0=1.0 1=1.0 | None",
        "histogram | quick{quantile='0.0'} | None | 0=1.0 1=1.0",
        "histogram | quick{quantile='1'} | 0=2.0 1=2.0 | None",
        "histogram | quick{quantile='1.0'} | None | 0=2.0 1=2.0",
        "histogram | rows_bucket{le='1'} | 0=1.0 1=1.0 | None",
        "histogram | rows_bucket{le='1.0'} | None | 0=1.0 1=1.0",
        "histogram | rows_bucket{le='10'} | 0=2.0 1=2.0 | None",
        "histogram | rows_bucket{le='10.0'} | None | 0=2.0 1=2.0",
        "histogram | rows_bucket{le='1000.0'} | None | 0=3.0 1=3.0",
        "histogram | rows_bucket{le='1e3'} | 0=3.0 1=3.0 | None",
        "openmetrics-histogram | h_bucket{le='1'} | 0=1.0 1=stale | None",
        "openmetrics-histogram | h_bucket{le='1.0'} | None | 0=1.0 1=stale",
        "openmetrics-histogram | s{quantile='1'} | 1=1.0 | None",
        "openmetrics-histogram | s{quantile='1.0'} | None | 1=1.0",
    ],
    "since 3.0 names may be quoted UTF-8": [
        "spelling-newer | a.b | None | 1=2.0 2=stale",
        "spelling-newer | a.b{c='d'} | None | 2=3.0 3=stale",
        "spelling-newer | a{b.c='d'} | None | 3=4.0 4=stale",
        "spelling-newer | scrape_samples_post_metric_relabeling"
        " | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0 4=0.0",
        "spelling-newer | scrape_samples_scraped"
        " | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0 4=0.0",
        "spelling-newer | scrape_series_added"
        " | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0 4=0.0",
        "spelling-newer | up | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0 4=0.0",
    ],
    "today an empty body is an empty page, whatever its type": [
        "openmetrics-ends | up | 0=1.0 1=1.0 2=0.0 3=0.0 4=0.0 5=1.0 6=0.0 7=0.0"
        " | 0=1.0 1=1.0 2=0.0 3=0.0 4=0.0 5=1.0 6=1.0 7=0.0",
        "openmetrics-gone | up | 0=1.0 1=1.0 2=1.0 3=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0",
    ],
    "today a comma may stand behind the last label (and see above for the other spellings)": [
        "openmetrics-labels | a{b='c'} | None | 0=1.0 1=stale",
        "openmetrics-labels | scrape_samples_post_metric_relabeling"
        " | 0=0.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0"
        " | 0=1.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0",
        "openmetrics-labels | scrape_samples_scraped"
        " | 0=0.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0"
        " | 0=1.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0",
        "openmetrics-labels | scrape_series_added"
        " | 0=0.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0"
        " | 0=1.0 1=1.0 2=0.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0",
        "openmetrics-labels | up"
        " | 0=0.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0"
        " | 0=1.0 1=1.0 2=1.0 3=0.0 4=0.0 5=0.0 6=1.0 7=0.0",
    ],
    "Prometheus takes blanks before a name for a part of it (and 2.42 then refuses the name)": [
        "spelling-blanks | a{b='c'} | 2=3.0 3=stale | 2=3.0 3=stale 5=6.0 6=stale",
        "spelling-blanks | indented | None | 0=1.0 1=stale",
        "spelling-blanks | scrape_samples_post_metric_relabeling"
        " | 0=0.0 1=1.0 2=1.0 3=1.0 4=1.0 5=0.0 6=2.0 7=2.0"
        " | 0=1.0 1=1.0 2=1.0 3=1.0 4=1.0 5=1.0 6=2.0 7=2.0",
        "spelling-blanks | scrape_series_added"
        " | 0=0.0 1=1.0 2=1.0 3=1.0 4=1.0 5=0.0 6=1.0 7=0.0"
        " | 0=1.0 1=1.0 2=1.0 3=1.0 4=1.0 5=1.0 6=2.0 7=0.0",
        "spelling-blanks | up | 0=0.0 1=1.0 2=1.0 3=1.0 4=1.0 5=0.0 6=1.0 7=1.0"
        " | 0=1.0 1=1.0 2=1.0 3=1.0 4=1.0 5=1.0 6=1.0 7=1.0",
    ],
    "a series that a failed scrape showed first: Prometheus knows it from then on, may end it "
    "without ever having sent a sample, and does not count it as added any more": [
        "bad-timestamps | scrape_series_added | 0=1.0 1=0.0 2=0.0 3=0.0 | 0=1.0 1=1.0 2=1.0 3=1.0",
        "openmetrics-blanks | a | 5=stale | None",
        "openmetrics-ends | scrape_series_added"
        " | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 5=0.0 6=0.0 7=0.0"
        " | 0=1.0 1=0.0 2=0.0 3=0.0 4=0.0 5=0.0 6=0.0 7=1.0",
        "parse-error | d | 4=stale | None",
        "parse-error-new-series | new | 2=stale 3=2.0 | 3=2.0",
        "parse-error-new-series | scrape_series_added | 0=1.0 1=1.0 2=0.0 3=0.0"
        " | 0=1.0 1=1.0 2=0.0 3=1.0",
        "relabel-to-no-name | scrape_series_added | 0=1.0 1=0.0 | 0=1.0 1=1.0",
        "sample-limit | d | 2=stale 5=stale | None",
        "sample-limit-first | d | 1=stale 3=stale | None",
        "sample-limit-first | scrape_series_added | 0=3.0 1=0.0 2=0.0 3=0.0"
        " | 0=3.0 1=3.0 2=0.0 3=0.0",
    ],
    "2.42 ends a series at a time before its newest sample; today that marker is refused": [
        "timestamps-come-and-go | own | 0=1.0 1=stale <start+330000>=2.0 | 0=1.0 <start+330000>=2.0",
    ],
    "a series whose first sample was refused for its time is not added by its second one": [
        "timestamps-in-the-future | scrape_series_added | 0=1.0 1=1.0 | 0=1.0 1=0.0",
    ],
    "Prometheus's encoder takes -0 for 0, which it leaves out": [
        "values | value{kind='minus_zero'} | 0=0.0 1=0.0 | 0=-0.0 1=-0.0",
    ],
}
