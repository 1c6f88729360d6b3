"""What dsbench promises of bad inputs, faults, hostile names and strangers' models, and which test shows it.

``python -m tests.reliability`` prints docs/reliability.md with the tables of this module;
``tests/test_reliability.py`` keeps page and tests equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.hostile_names import HOSTILE

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
_MARK = "<!-- {}: made by python -m tests.reliability -->"


@dataclass(frozen=True)
class Trial:
    """A row: what is tried, what dsbench does, and the tests, ``file::function`` below tests/."""

    what: str
    answer: str
    tests: tuple[str, ...]


def row(what: str, answer: str, *tests: str) -> Trial:
    """A row of a table."""
    return Trial(what, answer, tests)


# fmt: off
BAD_INPUTS: tuple[Trial, ...] = (
    row("ONNX: empty file", "`onnx-invalid`",
        "model/onnx/test_graph.py::test_files_that_are_no_model"),
    row("ONNX: truncated", "`onnx-invalid`",
        "model/onnx/test_graph.py::test_truncated_file"),
    row("ONNX: Git LFS pointer", "`onnx-invalid`, `git lfs pull`",
        "model/onnx/test_graph.py::test_files_that_are_no_model"),
    row("ONNX: HTML error page", "`onnx-invalid`",
        "model/onnx/test_graph.py::test_files_that_are_no_model", "test_faults.py::test_the_right_step_fails"),
    row("ONNX: no input", "`onnx-input`",
        "model/onnx/test_graph.py::test_graphs_that_cannot_be_imported"),
    row("ONNX: initializer listed as first input", "read past it",
        "model/onnx/test_graph.py::test_initializer_listed_as_first_input"),
    row("ONNX: two inputs (`orig_target_sizes`)", "`onnx-input`, with a script that fixes it",
        "model/onnx/test_graph.py::test_graphs_that_cannot_be_imported",
        "model/onnx/test_extra_inputs.py::test_the_script_of_the_fix_makes_it_constant"),
    row("ONNX: NHWC", "imported as NHWC",
        "model/onnx/test_graph.py::test_channels_last", "embedded/app/test_main.py::test_channels_last"),
    row("ONNX: uint8 or float16 input", "`onnx-input`",
        "model/onnx/test_graph.py::test_only_float32_inputs"),
    row("ONNX: dynamic height and width", "asks for the size",
        "model/test_preflight.py::test_dynamic_height_and_width",
        "model/onnx/test_graph.py::test_size_of_a_dynamic_model_comes_from_the_settings"),
    row("ONNX: fixed batch", "a warning with its cost",
        "model/onnx/test_graph.py::test_frozen_batch_is_a_warning",
        "model/test_preflight.py::test_a_frozen_batch_is_told"),
    row("ONNX: dimension 0, -1, 2^40", "`onnx-input`; -1 is a dynamic batch",
        "model/onnx/test_graph.py::test_impossible_dimensions",
        "model/onnx/test_graph.py::test_minus_one_is_a_dynamic_batch"),
    row("ONNX: external data `../../etc/passwd`", "`onnx-external-data`",
        "model/onnx/test_graph.py::test_external_data_stays_in_the_directory",
        "model/onnx/test_external.py::test_every_place_has_the_rule"),
    row("ONNX: external data through a link", "`onnx-external-data`",
        "model/onnx/test_graph.py::test_external_data_stays_in_the_directory"),
    row("ONNX: external data missing", "`onnx-external-data`",
        "model/onnx/test_graph.py::test_external_data_stays_in_the_directory",
        "model/onnx/test_external.py::test_wrong_files"),
    row("ONNX: `ConstantOfShape` bomb", "`onnx-graph`; if its size is computed, `onnx-run-failed`: limited memory",
        "model/onnx/test_large_tensors.py::test_a_bomb_is_refused_before_it_runs",
        "embedded/probes/test_model.py::test_a_tensor_of_2_to_the_40_is_an_error_not_a_dead_machine"),
    row("ONNX: larger than 2 GiB", "`onnx-invalid`, unread",
        "test_bad_inputs.py::test_a_file_larger_than_a_protobuf_can_be"),
    row("ONNX: operator of a custom domain", "a warning that names the plugin",
        "model/onnx/test_graph.py::test_a_function_of_the_file_needs_no_plugin",
        "judge/imports/test_tensorrt.py::test_rules"),
    row("ONNX: opset 7, 99", "99 is `onnx-opset`; 7 is read",
        "model/onnx/test_graph.py::test_graphs_that_cannot_be_imported",
        "test_bad_inputs.py::test_an_old_opset_is_read_as_it_is"),
    row("ONNX: NaN weights", "the weight is named",
        "model/onnx/test_weights.py::test_a_weight_with_nan_is_named_and_an_infinite_mask_is_none"),
    row("ONNX: classification head", "`not-a-detector`",
        "families/test_yolo.py::test_nets_that_are_no_detectors",
        "ci/test_action.py::test_a_good_model_passes_and_a_broken_one_fails_with_its_cause"),
    row("ONNX: head with 0 classes", "`family-unknown`",
        "families/test_families.py::test_heads_that_are_refused"),
    row("ONNX: names with quotes, line ends, `../`", "only text",
        "model/onnx/test_graph.py::test_names_are_only_text", "test_hostile_commands.py::test_a_model"),
    row("ONNX: cyclic or unsorted graph", "`onnx-graph`; unsorted is a warning",
        "model/onnx/test_graph.py::test_graphs_that_cannot_be_imported",
        "model/onnx/test_graph.py::test_unsorted_graph_and_double_value_info_are_warnings"),
    row("ONNX: two files in model/", "the first by name; the others are named",
        "model/test_preflight.py::test_first_onnx_by_name_without_dynamic_ones"),
    row("ONNX: duplicate value_info", "a warning",
        "model/onnx/test_graph.py::test_unsorted_graph_and_double_value_info_are_warnings"),
    row("labels.txt: CRLF", "a warning: names end in `\\r`",
        "formats/test_labels.py::test_read"),
    row("labels.txt: BOM", "a warning",
        "formats/test_labels.py::test_read", "steps/test_import_parity.py::test_labels_with_a_bom_are_named"),
    row("labels.txt: no newline at the end", "a warning: `wc -l` counts one less",
        "formats/test_labels.py::test_read"),
    row("labels.txt: blank line in the middle", "a warning with nvinfer's count",
        "formats/test_labels.py::test_read"),
    row("labels.txt: `a;b;c` in a line", "a warning: nvinfer reads one class",
        "formats/test_labels.py::test_read"),
    row("labels.txt: Latin-1 bytes", "kept as they are, a warning",
        "formats/test_labels.py::test_read", "formats/test_kitti.py::test_a_label_in_latin_1_comes_out_as_it_went_in"),
    row("labels.txt: 10^6 labels", "`labels-invalid`: a detector has 65536 classes at most",
        "formats/test_labels.py::test_more_labels_than_a_detector_has"),
    row("labels.txt: `<script>`", "only text",
        "report/test_html.py::test_no_text_becomes_markup", "test_hostile_commands.py::test_a_record"),
    row("labels.txt: labels with spaces", "read back from KITTI as they are",
        "formats/test_kitti.py::test_a_label_is_everything_before_the_last_fifteen_fields"),
    row("config: duplicate `[property]`", "as GLib reads it",
        "formats/test_keyfile_against_glib.py::test_files"),
    row("config: duplicate key", "the last one counts, a finding",
        "formats/test_keyfile.py::test_a_duplicate_key_is_one_entry_and_listed_twice"),
    row("config: `#` behind a value", "`config-value-invalid`, in DeepStream's words",
        "formats/nvinfer/test_nvinfer.py::test_values_that_cannot_be_read"),
    row("config: `net-scale-factor=1/255`", "`config-lint`",
        "test_faults.py::test_the_right_step_fails",
        "formats/nvinfer/test_nvinfer.py::test_values_that_cannot_be_read"),
    row("config: decimal comma", "`config-value-invalid`",
        "formats/nvinfer/test_nvinfer.py::test_values_that_cannot_be_read"),
    row("config: `nan`, `inf`", "as DeepStream reads it",
        "formats/nvinfer/test_nvinfer.py::test_odd_scale_factors_are_read_as_deepstream_reads_them",
        "formats/test_keyfile.py::test_nan_is_a_double"),
    row("config: `infer-dims=640;640;3`", "`config-lint`",
        "test_faults.py::test_the_right_step_fails"),
    row("config: `[class-attrs-99]`", "a finding",
        "formats/nvinfer/test_nvinfer.py::test_class_groups_of_no_class"),
    row("config: negative threshold", "refused as nvinfer refuses it",
        "formats/nvinfer/test_nvinfer.py::test_class_values_out_of_range"),
    row("config: relative paths, `~`, `$HOME`, `file://`", "resolved as DeepStream does",
        "formats/test_paths.py::*",
        "formats/nvinfer/test_nvinfer.py::test_relative_paths_start_at_the_real_directory_of_the_config"),
    row("config: YAML in a .txt", "`keyfile-invalid` that says so",
        "formats/nvinfer/test_nvinfer.py::test_yaml_is_refused_clearly",
        "formats/test_keyfile.py::test_a_byte_order_mark_and_yaml_are_named_in_the_fix"),
    row("config: legacy `threshold`", "read, a finding",
        "formats/nvinfer/test_nvinfer.py::test_legacy_keys"),
    row("config: `topk=0`", "a finding",
        "judge/lint/test_alone.py::test_alone"),
    row("config: `nms-iou-threshold=1.5`", "refused as nvinfer refuses it",
        "formats/nvinfer/test_nvinfer.py::test_class_values_out_of_range"),
    row("PERF log: header only", "`fps-parse`",
        "formats/perf/test_rows.py::test_no_row"),
    row("PERF log: `inf`, `-nan`", "kept for the judge, never a rate",
        "formats/perf/test_rows.py::test_nan_is_kept_for_the_judge",
        "formats/perf/test_windows.py::test_a_row_with_what_is_no_rate_counts_as_broken"),
    row("PERF log: decimal comma", "read as a decimal point",
        "formats/perf/test_rows.py::test_a_row"),
    row("PERF log: `PERF(0):`", "read",
        "formats/perf/test_rows.py::test_rows_know_header_and_instance"),
    row("PERF log: a row cut in a number", "a broken row, counted",
        "formats/perf/test_rows.py::test_a_row_that_messages_cut",
        "formats/perf/test_windows.py::test_broken_rows_are_counted_and_left_out"),
    row("PERF log: GStreamer's text, ANSI, NUL between", "put together again, or counted as broken",
        "formats/perf/test_rows.py::test_a_row_that_messages_cut", "formats/perf/test_rows.py::test_a_row"),
    row("log of 1 GB", "its beginning and end are read, and that is said",
        "base/test_logs.py::test_of_a_long_log_beginning_and_end_are_read_and_the_lines_keep_their_numbers",
        "runtimes/test_perf_run.py::test_an_app_that_floods_its_log_is_stopped"),
    row("KITTI: three words, 16 fields, NaN, right < left", "read as written; other lines are `kitti-invalid`",
        "formats/test_kitti.py::test_other_lines_are_refused",
        "formats/test_kitti.py::test_odd_numbers_survive_a_round_trip"),
    row("KITTI: frame numbers from 10^6", "sorted by number",
        "formats/test_kitti.py::test_frames_are_listed_by_number_not_by_name"),
    row("files of an older run", "removed or moved before the run, ours only",
        "runtimes/test_kitti_dump.py::test_only_the_dumps_own_names_are_deleted",
        "steps/test_run1_calibration.py::test_older_runs_move_aside_before_anything_is_read"),
    row("trtexec log of a failed run", "its figures do not count",
        "formats/trtexec/test_log.py::test_numbers",
        "formats/trtexec/test_log.py::test_what_speaks_against_the_figures"),
    row("directory names `$(rm -rf x)`, `-n`, `模型`", "only text; 300 characters are `model-dir-missing`",
        "test_faults.py::test_odd_names_go_through", "plugin/test_plugin.py::test_hostile_names_stay_text",
        "test_permissions.py::test_rights_links_and_names"),
    row("read-only directory", "`not-writable`; the page is still written",
        "test_permissions.py::test_rights_links_and_names", "base/test_files.py::test_a_place_that_cannot_be_written"),
    row("disk full", "`not-writable`; no half file",
        "test_permissions.py::test_what_breaks_within_a_step", "base/test_process.py::test_a_full_disk_is_seen",
        "embedded/app/test_parts.py::test_a_full_disk_leaves_no_half_file"),
    row("directory that is a link in a circle", "`file-access`, `model-dir-missing`",
        "test_permissions.py::test_rights_links_and_names", "model/test_preflight.py::test_directories_that_are_none"),
    row("video: no frame, odd size, 10 bit, audio only, cut off",
        "played as DeepStream plays it, or `video-unreadable`",
        "embedded/video/test_decode.py::test_what_is_no_video",
        "embedded/video/test_decode.py::test_other_formats_are_converted_and_named_once",
        "embedded/video/test_decode.py::test_odd_sizes_keep_the_last_chroma_sample",
        "embedded/video/test_decode.py::test_audio_alone_is_no_video",
        "model/test_video.py::test_a_file_that_was_cut_off_shows_it"),
    row("child that ignores SIGTERM", "killed at its deadline",
        "base/test_process.py::test_deadline_ends_a_child_that_ignores_sigint_and_sigterm"),
    row("child that forks and exits", "its processes end with it",
        "base/test_process.py::test_a_grandchild_does_not_outlive_the_run",
        "base/test_process.py::test_a_grandchild_that_leaves_the_session_does_not_outlive_the_run"),
    row("parser library for aarch64", "`parser-lib-invalid`",
        "test_bad_inputs.py::test_a_parser_of_another_machine"),
    row("parser library without the function, or that aborts", "`parser-symbol`, `parser-crashed`",
        "test_faults.py::test_the_right_step_fails", "runtimes/test_probes.py::test_how_a_parser_ended"),
    row("parser that loops, floods, writes past its list", "`parser-crashed`, `parser-check`",
        "test_faults.py::test_the_right_step_fails", "runtimes/test_parser_harness.py::test_a_fault_on_real_frames",
        "runtimes/test_probes.py::test_how_a_parser_ended"),
    row("GPU that vanishes", "its series ends, the run goes on",
        "machine/test_telemetry.py::test_a_gpu_that_vanishes_ends_the_series_not_the_run"),
    row("clock that jumps", "no duration comes from it",
        "test_bad_inputs.py::test_durations_do_not_come_from_the_wall_clock"),
    row("two runs in one directory", "`directory-busy` for the second",
        "machine/test_directory_lock.py::test_the_second_is_told_and_a_killed_first_frees_it"),
    row("`nvidia-smi` without a GPU", "no GPU",
        "formats/test_versions.py::test_nvidia_smi_without_a_gpu"),
    row("Ctrl-C in each stage", "the record and the page name the stage",
        "steps/test_recording.py::test_ctrl_c_and_a_kill_leave_the_record",
        "trtexec/test_command.py::test_ctrl_c_ends_trtexec_and_leaves_nothing",
        "embedded/app/test_main.py::test_an_interrupt_while_loading",
        "report/test_html.py::test_an_interrupt_in_the_first_step_is_on_a_page_and_the_older_one_stays"),
)

FAULTS: tuple[Trial, ...] = (
    row("SIGINT during a step", "the step is named; later steps are not run; record and page are written",
        "steps/test_recording.py::test_ctrl_c_and_a_kill_leave_the_record"),
    row("SIGTERM, SIGHUP", "as SIGINT",
        "base/test_interrupts.py::test_they_are_keyboard_interrupts_until_undone"),
    row("SIGINT while Python imports pytest or dsbench", "one line, no traceback; nothing was written",
        "base/test_at_start.py::test_it_ends_without_a_traceback"),
    row("SIGINT while the report is written", "it is written to its end",
        "plugin/test_interruption.py::test_the_report_is_written_to_its_end"),
    row("standard output on a full disk or closed", "the run goes on, the record is kept; one line on standard error",
        "plugin/test_lost_output.py::test_the_record_is_kept"),
    row("SIGKILL of pytest", "the record has every step that had ended; children end",
        "steps/test_recording.py::test_ctrl_c_and_a_kill_leave_the_record",
        "base/test_process.py::test_a_child_dies_with_a_parent_that_is_killed"),
    row("SIGINT, SIGTERM or SIGHUP of `dsbench fleet job`", "as Ctrl-C of pytest; INVALID, with the record so far",
        "fleet/test_work.py::test_a_signal_ends_pytest_as_ctrl_c_does_and_keeps_what_it_wrote",
        "fleet/test_work.py::test_an_engine_may_signal_every_process_at_once"),
    row("SIGKILL of `dsbench fleet job`", "pytest ends with it; the next job removes its directory",
        "fleet/test_work.py::test_pytest_ends_with_a_killed_job_and_the_next_job_removes_what_it_left"),
    row("SIGKILL of the pytest or the app of a job, a full disk under it", "INVALID: it says nothing about the model",
        "fleet/test_work.py::test_the_state_follows_from_how_pytest_ends",
        "fleet/test_ending.py::test_the_words_for_a_killed_app_and_a_full_disk_are_recognised",
        "fleet/test_ending.py::test_a_run_that_could_not_keep_its_record_is_invalid"),
    row("SIGKILL of the lock's holder", "the lock is free",
        "machine/test_directory_lock.py::test_the_second_is_told_and_a_killed_first_frees_it",
        "machine/test_device_lock.py::test_a_killed_holder_frees_the_device"),
    row("an app that crashes, hangs or floods its log", "ended; code and excerpt",
        "runtimes/test_kitti_dump.py::test_how_an_app_can_end", "runtimes/test_kitti_dump.py::test_an_app_that_hangs",
        "runtimes/test_perf_run.py::test_an_app_that_floods_its_log_is_stopped"),
    row("an app that ignores SIGINT", "killed; its results count",
        "runtimes/test_perf_run.py::test_an_app_that_ignores_sigint_is_killed_and_measured",
        "runtimes/test_kitti_dump.py::test_an_app_that_ignores_sigint_still_leaves_its_frames"),
    row("a Makefile or app that leaves processes in sessions of their own", "they end with it",
        "build/test_parser.py::test_what_a_makefile_starts_does_not_outlive_it",
        "base/test_process.py::test_a_grandchild_that_leaves_the_session_does_not_outlive_the_run"),
    row("a build that nobody waits for", "killed",
        "build/test_parser.py::test_a_build_that_nobody_waits_for_any_more_is_killed"),
    row("the kernel kills trtexec", "named, with the memory as the likely cause",
        "trtexec/test_program.py::test_killed_by_the_kernel"),
    row("full disk, quota, file-size limit, read-only file system", "`not-writable` with the path",
        "test_permissions.py::test_what_breaks_within_a_step",
        "test_permissions.py::test_every_number_has_a_code_a_place_and_a_fix",
        "trtexec/test_program.py::test_a_full_disk_is_named"),
    row("no right to read or enter config/, parser/, model/, samples/, the video",
        "`file-access` names the directory; other models go on",
        "test_permissions.py::test_rights_links_and_names"),
    row("reports/ that cannot be written", "a warning, exit status 1; the page is elsewhere",
        "test_permissions.py::test_rights_links_and_names",
        "record/test_record.py::test_a_record_that_cannot_be_written_is_a_warning_and_the_older_one_stays"),
    row("links in a circle, names too long", "`file-access`",
        "test_permissions.py::test_rights_links_and_names"),
    row("a file or the model directory removed during a step", "`file-access`; the page is written",
        "test_permissions.py::test_what_breaks_within_a_step"),
    row("the directory where pytest was started is renamed", "made again for the page; results are printed",
        "test_permissions.py::test_what_breaks_within_a_step"),
    row("the current directory is gone", "`usage`",
        "test_permissions.py::test_the_current_directory_is_gone"),
    row("an error of the system in a child of ours", "not blamed on model or parser",
        "test_permissions.py::test_the_error_with_which_a_program_ended"),
    row("the page cannot be written whole", "the older one stays",
        "report/test_html.py::test_a_report_is_written_whole_or_not_at_all"),
    row("every file of a directory is a link elsewhere", "nothing behind the links is changed",
        "base/test_places.py::test_a_link_in_the_place_of_a_file_is_replaced",
        "base/test_places.py::test_a_directory_that_leaves_is_an_error_that_names_it"),
)

SINKS: tuple[Trial, ...] = (
    row("terminal of pytest", "header, ids, failures, captured output, summary",
        "test_hostile_names.py::test_the_terminal_shows_names_and_obeys_none",
        "plugin/test_terminal_guard.py::test_names_are_shown"),
    row("progress line", "one line, nothing that moves the cursor",
        "plugin/test_live.py::test_plain_lines_elsewhere",
        "base/test_text.py::test_hostile_text_is_shown_and_not_obeyed"),
    row("`inspect`, `init`", "output and the files of a new directory",
        "test_hostile_commands.py::test_a_model"),
    row("`lint`, `explain`", "output, also as JSON",
        "test_hostile_commands.py::test_a_config_and_a_log"),
    row("`verify`, `compare`, `index`, `report`, `export`", "output and pages",
        "test_hostile_commands.py::test_a_record"),
    row("wrong arguments of every command", "the message",
        "test_hostile_commands.py::test_wrong_arguments"),
    row("`--json`", "escaped, so no value changes",
        "base/test_text.py::test_hostile_text_is_shown_and_not_obeyed"),
    row("error texts", "console text; the record keeps the original",
        "base/test_text.py::test_an_error_is_text_for_the_console"),
    row("HTML pages, SVG", "escaped, every character visible",
        "test_hostile_names.py::test_files_for_ci_and_the_page_have_no_unseen_character",
        "test_hostile_commands.py::test_a_record", "report/test_html.py::test_no_text_becomes_markup"),
    row("Markdown: Step 8, model card, job summary", "no markup, no HTML, no mention",
        "test_hostile_commands.py::test_a_record",
        "test_hostile_names.py::test_files_for_ci_and_the_page_have_no_unseen_character"),
    row("JUnit XML", "valid, every character visible",
        "test_hostile_names.py::test_files_for_ci_and_the_page_have_no_unseen_character"),
    row("GitHub: commands, outputs; GitLab: dotenv", "one value each, nothing obeyed",
        "test_hostile_names.py::test_the_terminal_shows_names_and_obeys_none",
        "ci/test_action.py::test_a_good_model_passes_and_a_broken_one_fails_with_its_cause"),
    row("nvinfer and app configs", "a path that INI cannot carry goes through a link",
        "build/test_nvinfer_config.py::test_paths_an_ini_cannot_carry_get_a_link",
        "build/test_app_config.py::test_paths_that_an_ini_cannot_carry_go_through_a_link"),
    row("Makefile, C++ source", "quoted or refused",
        "build/test_parser.py::*"),
    row("gst-launch pipelines, trtexec command lines", "quoted as the program reads them",
        "build/test_gst_pipeline.py::*", "build/test_trtexec_commands.py::*"),
)

STRANGERS: tuple[Trial, ...] = (
    row("a Makefile with `--isolate`", "reaches nothing but the model directory, no network",
        "base/test_isolation.py::test_a_makefile_reaches_nothing_but_the_model_directory"),
    row("a machine without a sandbox, with `--isolate`", "`isolation-unavailable`: nothing runs",
        "base/test_isolation.py::test_where_there_is_no_bubblewrap_or_it_may_not"),
    row("modules beside the model, named like ours (`json.py`, `onnx.py`)", "not imported by any child",
        "base/test_python_child.py::test_planted_modules_do_not_run_and_onnx_runtime_leaves_no_files",
        "base/test_python_child.py::test_every_program_of_ours_is_started_in_this_way"),
    row("`pytest.ini`, `conftest.py` in a model directory", "refused where pytest took it",
        "plugin/test_plugin.py::test_configuration_in_the_model_directory_is_refused_where_pytest_took_it"),
    row("links that leave the model directory", "nothing is written or deleted through them",
        "base/test_places.py::test_a_link_in_the_place_of_a_file_is_replaced",
        "base/test_places.py::test_a_directory_that_leaves_is_an_error_that_names_it"),
    row("a directory that becomes a link during the run", "not followed",
        "base/test_places.py::test_a_directory_that_becomes_a_link_meanwhile_is_not_followed"),
    row("a FIFO, socket or device in the place of a file", "refused before it is opened",
        "base/test_reading.py::test_what_is_no_file_is_refused_at_once"),
    row("files of any size", "read up to a limit for each kind",
        "base/test_reading.py::test_a_file_larger_than_its_kind_is_not_read",
        "base/test_reading.py::test_files_are_read_by_the_reader"),
    row("JSON nested without end", "an error",
        "base/test_reading.py::test_json_nested_without_end_is_a_value_error"),
    row("telemetry of ONNX Runtime", "off: it leaves no files",
        "base/test_python_child.py::test_planted_modules_do_not_run_and_onnx_runtime_leaves_no_files"),
)
# fmt: on

TABLES = (
    ("bad-inputs", "Input", BAD_INPUTS),
    ("faults", "Fault", FAULTS),
    ("names", "Place", SINKS),
    ("strangers", "Tried", STRANGERS),
)


def table(head: str, trials: Sequence[Trial]) -> Iterator[str]:
    """The rows of a Markdown table, numbered."""
    yield f"| | {head} | What dsbench does | Tests |"
    yield "|---|---|---|---|"
    for number, one in enumerate(trials, 1):
        yield f"| {number} | {one.what} | {one.answer} | {'<br>'.join(f'`{name}`' for name in one.tests)} |"


def figures() -> str:
    """The counts of the tables in one sentence."""
    tests = {name for _, _, trials in TABLES for one in trials for name in one.tests}
    return (
        f"{len(BAD_INPUTS)} bad inputs, {len(FAULTS)} faults, {len(STRANGERS)} traps in a stranger's directory and "
        f"{len(SINKS)} places for {len(HOSTILE)} hostile names, shown by {len(tests)} tests."
    )


def made(page: str) -> str:
    """``page`` with its tables and figures as this module has them, each between two equal marks."""
    parts = {name: "\n".join(table(head, trials)) for name, head, trials in TABLES} | {"figures": figures()}
    for name, text in parts.items():
        mark = _MARK.format(name)
        before, _, rest = page.partition(mark)
        _, _, after = rest.partition(mark)
        page = f"{before}{mark}\n{text}\n{mark}{after}"
    return page


if __name__ == "__main__":
    print(made(PAGE.read_text(encoding="utf-8")), end="")
