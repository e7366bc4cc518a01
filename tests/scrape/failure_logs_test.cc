#include "scrape/failure_logs.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape {
namespace {

struct Fixture {
  std::string Content(const std::string& name) const {
    std::ifstream file(dir.File(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  double Lost() {
    const std::string text = telemetry.ExposeText();
    const std::string name = "\nsluice_scrape_failure_log_lost_total ";
    return std::stod(text.substr(text.find(name) + name.size()));
  }

  test::TempDir dir;
  test::FakeClock clock;
  Telemetry telemetry;
  FailureLogs logs{clock, Logger(), telemetry};
};

TEST_CASE_METHOD(Fixture, "each failure is a line with job, target and reason", "[failure_logs]") {
  logs.Apply({dir.File("a.log"), dir.File("b.log")});
  logs.Write(dir.File("a.log"), "j", "http://t/metrics", "no such host");
  CHECK_THAT(Content("a.log"),
             Catch::EndsWith("\"level\":\"ERROR\",\"msg\":\"no such host\",\"job_name\":\"j\","
                             "\"target\":\"http://t/metrics\"}\n"));
  CHECK(Content("b.log").empty());
  CHECK(Lost() == 0);
}

TEST_CASE_METHOD(Fixture, "what is no file of any job any more takes no lines", "[failure_logs]") {
  logs.Apply({dir.File("a.log")});
  logs.Apply({});
  logs.Write(dir.File("a.log"), "j", "t", "e");
  CHECK(Content("a.log").empty());
  CHECK(Lost() == 0);
}

TEST_CASE_METHOD(Fixture, "files are opened anew when they are applied again", "[failure_logs]") {
  logs.Apply({dir.File("a.log")});
  std::filesystem::rename(dir.File("a.log"), dir.File("moved.log"));
  logs.Apply({dir.File("a.log")});
  logs.Write(dir.File("a.log"), "j", "t", "e");
  CHECK(Content("moved.log").empty());
  CHECK_FALSE(Content("a.log").empty());
}

TEST_CASE_METHOD(Fixture, "lines that a file cannot take are counted", "[failure_logs]") {
  logs.Apply({dir.File("no/a.log")});
  logs.Write(dir.File("no/a.log"), "j", "t", "e");
  logs.Write(dir.File("no/a.log"), "j", "t", "e");
  CHECK(Lost() == 2);
}

TEST_CASE_METHOD(Fixture, "a reason is cut where it gets too long", "[failure_logs]") {
  logs.Apply({dir.File("a.log")});
  logs.Write(dir.File("a.log"), "j", "t", std::string(1 << 20, 'x'));
  CHECK(Content("a.log").size() < 5000);
}

}  // namespace
}  // namespace sluice::scrape
