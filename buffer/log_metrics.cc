#include "buffer/log_metrics.h"

namespace sluice::buffer {

LogMetrics::LogMetrics(Telemetry& telemetry) {
  appended_frames =
      telemetry.AddCounter("sluice_buffer_appended_frames_total", "Frames appended to the buffer.");
  appended_samples = telemetry.AddCounter("sluice_buffer_appended_samples_total",
                                          "Samples in the frames appended to the buffer.");
  appended_bytes = telemetry.AddCounter("sluice_buffer_appended_bytes_total",
                                        "Bytes of frame records appended to the buffer.");
  append_errors = telemetry.AddCounter(
      "sluice_buffer_append_errors_total",
      "Appends that found no room on disk nor in memory; their frames are lost.");
  append_seconds =
      telemetry.AddHistogram("sluice_buffer_append_seconds", "Time an append took.", {},
                             {0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3});
  sync_errors = telemetry.AddCounter("sluice_buffer_sync_errors_total",
                                     "Failures to make the buffer safe against a power cut.");
  epochs_dropped = telemetry.AddCounter(
      "sluice_buffer_epochs_dropped_total",
      "Oldest parts of the buffer dropped because the disk budget was used up.");
  damaged_records = telemetry.AddCounter("sluice_buffer_damaged_records_total",
                                         "Stored records found damaged and skipped.");
  const std::string name = "sluice_buffer_dictionary_records_total";
  const std::string help = "Dictionary records appended to the buffer.";
  targets = telemetry.AddCounter(name, help, {{"kind", "target"}});
  layouts = telemetry.AddCounter(name, help, {{"kind", "layout"}});
  chunks = telemetry.AddCounter(name, help, {{"kind", "chunk"}});
  bytes = telemetry.AddGauge("sluice_buffer_bytes",
                             "Bytes of records between the oldest one needed and the newest.");
  disk_full =
      telemetry.AddGauge("sluice_buffer_disk_full", "Whether the disk is too full for new frames.");
  disk_failing =
      telemetry.AddGauge("sluice_buffer_disk_failing", "Whether the disk answers with errors.");
  held_bytes = telemetry.AddGauge("sluice_buffer_held_bytes",
                                  "Bytes held in memory because the disk is full or failing.");
}

}  // namespace sluice::buffer
