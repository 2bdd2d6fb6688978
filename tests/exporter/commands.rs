//! The program from outside: commands, exit codes, what it says and what it never says.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::{ffi::OsStrExt, process::ExitStatusExt},
    process::{Command, Stdio},
};

use chrono::Days;
use github_copilot_exporter::{
    exit::Exit,
    simulator::{Fault, FaultKind, Options, Simulator, StatusFault},
};
use serde_json::Value;

use crate::{
    company::sources_up,
    program::{Running, exporter, promtool_check, run},
    support::{Patience, Scrape},
};

const COMMANDS: [&str; 6] = ["serve", "check", "demo", "simulate", "backfill", "completions"];

const COMPLETE: [(&str, &str); 3] =
    [("GITHUB_TOKEN", "ghp_secret"), ("GITHUB_ORGS", "octo"), ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0")];

#[test]
fn without_configuration_it_ends_with_64_and_says_what_to_set() {
    for command in [&[][..], &["serve"], &["check"]] {
        let (code, said, problems) = run(exporter(command, &[]));
        assert_eq!((code, &*said), (Some(64), ""));
        let expected = "GITHUB_TOKEN or GITHUB_TOKEN_FILE or GITHUB_APP_ID must be set: GitHub tells nothing to strangers; for example GITHUB_TOKEN=ghp_…\n\
             GITHUB_ORGS or GITHUB_ENTERPRISE must be set: there is nothing to watch; for example GITHUB_ORGS=octo-org,octo-labs\n";
        assert_eq!(problems, expected);
    }
}

#[test]
fn three_bad_variables_are_three_lines_without_a_secret_or_a_panic() {
    let variables = [
        ("GITHUB_TOKEN", "ghp_secret with a space"),
        ("GITHUB_ORGS", "octo/ghp_secret"),
        ("EXPORTER_REFRESH_INTERVAL", "ghp_secret"),
    ];
    let (code, _, problems) = run(exporter(&["serve"], &variables));
    assert_eq!(code, Some(64));
    assert_eq!(problems.lines().count(), 3, "{problems}");
    assert!(!problems.contains("secret") && !problems.contains("panicked"), "{problems}");
}

#[test]
fn help_and_version_are_no_errors_and_a_wrong_command_is_64() {
    let (code, help, _) = run(exporter(&["--help"], &[]));
    assert_eq!(code, Some(0));
    for command in COMMANDS {
        assert!(help.contains(command), "{help}");
    }
    let (code, version, _) = run(exporter(&["--version"], &[]));
    assert_eq!(code, Some(0));
    assert!(version.starts_with(concat!("github-copilot-exporter ", env!("CARGO_PKG_VERSION"))), "{version}");
    for wrong in
        [&["server"][..], &["--port=1"], &["simulate", "--now=yesterday"], &["simulate", "--fault=often"]]
    {
        let (code, _, usage) = run(exporter(wrong, &[]));
        assert_eq!(code, Some(64), "{wrong:?}: {usage}");
    }
}

#[test]
fn help_has_help() {
    let expected = run(exporter(&["help"], &[]));
    assert_eq!(expected.0, Some(0));
    for switch in ["--help", "-h"] {
        assert_eq!(run(exporter(&["help", switch], &[])), expected);
    }
}

#[test]
fn each_exit_code_is_what_a_process_ends_with() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [COMPLETE[0], COMPLETE[1], ("EXPORTER_LISTEN_ADDRESS", &*address)];
    for exit in Exit::ALL {
        let ways: Vec<Command> = match exit {
            Exit::Done => vec![exporter(&["--help"], &[]), exporter(&["completions", "zsh"], &[])],
            Exit::Failed => {
                vec![exporter(&["serve"], &variables), exporter(&["simulate", "--listen", &address], &[])]
            }
            Exit::Unusable => vec![exporter(&["check"], &[]), exporter(&["completions", "csh"], &[])],
        };
        for way in ways {
            let (code, said, error) = run(way);
            assert_eq!(code, Some(exit.code().into()), "{said}{error}");
        }
    }
}

/// Runs a command until it has said this, sends it a signal, and tells by what it ended: a code or a signal.
fn ended_by(signal: &str, mut command: Command, said: &str) -> (Option<i32>, Option<i32>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains(said)), "it says {said}");
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let status = child.wait().unwrap();
    (status.code(), status.signal())
}

#[test]
fn ctrl_c_and_sigterm_end_with_0_and_another_signal_as_it_ends_any_program() {
    let demo = [("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0")];
    let serve = || (exporter(&["serve"], &COMPLETE), "message=serving");
    let demo = || (exporter(&["demo"], &demo), "Ctrl-C ends it.");
    let simulate = || (exporter(&["simulate", "--json"], &[]), "\"api\"");
    let expected = [("-INT", (Some(0), None)), ("-TERM", (Some(0), None)), ("-HUP", (None, Some(1)))];
    for (signal, expected) in expected {
        for (command, said) in [serve(), demo(), simulate()] {
            let name = format!("{command:?}");
            assert_eq!(ended_by(signal, command, said), expected, "{name} {signal}");
        }
    }
}

#[test]
fn nobody_who_reads_what_is_said_and_goes_ends_a_demo() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = exporter(&["demo"], &[("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0")]);
    command.stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(log.any(|line| line.contains("message=serving")));
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let rest: Vec<_> = log.collect();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("message=stopped")), "{rest:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_written_is_no_success() {
    let simulator = Simulator::start(Options { orgs: 1, users: 20, ..Options::default() }).await.unwrap();
    let company = simulator.announcement();
    let directory = tempfile::tempdir().unwrap();
    let (from, output) = (simulator.now().date_naive() - Days::new(5), directory.path().to_str().unwrap());
    let from = from.to_string();
    for way in [
        &["check"][..],
        &["check", "--json"],
        &["backfill", "--from", &from, "--output", output],
        &["simulate"],
        &["demo", "--listen=127.0.0.1:0"],
        &["completions", "bash"],
        &["--help"],
        &["demo", "--help"],
        &["--version"],
    ] {
        let mut command = exporter(
            way,
            &[
                ("GITHUB_API_URL", &company.api),
                ("GITHUB_TOKEN", &company.token),
                ("GITHUB_ORGS", &company.orgs[0]),
                ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
            ],
        );
        command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped());
        let ended = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{way:?}: {said}");
        assert!(said.contains("standard output cannot be written to: No space left"), "{way:?}: {said}");
    }
}

/// What begins a colour.
const ESCAPE: char = '\u{1b}';

/// The variables of somebody who sits at a terminal with colours.
const COLOURFUL: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_on_a_terminal_has_no_colours() {
    let simulator =
        Simulator::start(Options { orgs: 1, teams: 2, users: 20, ..Options::default() }).await.unwrap();
    let company = simulator.announcement();
    let refused = FaultKind::Status(StatusFault::new(403));
    simulator.set_faults(vec![Fault { every: 2, ..Fault::new(refused) }]);
    let github = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &*company.orgs[0]),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_LOG_LEVEL", "trace"),
        ("EXPORTER_STRANGER", "a warning"),
    ];
    let variables = [&github[..], &COLOURFUL].concat();
    let directory = tempfile::tempdir().unwrap();
    let output = directory.path().to_str().unwrap();
    let mut ways = vec![
        vec!["--help"],
        vec!["-h"],
        vec!["--version"],
        vec!["server"],
        vec!["check"],
        vec!["check", "--json"],
    ];
    for command in COMMANDS {
        ways.extend([vec![command, "--help"], vec![command, "--nonsense"]]);
    }
    ways.push(vec![
        "backfill",
        "--from",
        "2026-11-20",
        "--to",
        "2026-11-20",
        "--until",
        "2026-11-23T00:00:00Z",
        "--output",
        output,
    ]);
    for way in ways {
        let (_, said, error) = run(exporter(&way, &variables));
        assert!(!said.is_empty() || !error.is_empty(), "{way:?} says nothing");
        assert!(!said.contains(ESCAPE) && !error.contains(ESCAPE), "{way:?}: {said}{error}");
    }
    for format in ["logfmt", "json"] {
        for way in ["serve", "demo"] {
            let format = [("EXPORTER_LOG_FORMAT", format)];
            let running = Running::start(exporter(&[way], &[&variables[..], &format].concat()));
            running.line_with("serving");
            let (_, said) = running.terminate();
            assert!(said.iter().any(|line| line.contains("stopped")), "{said:?}");
            assert!(!said.concat().contains(ESCAPE), "{said:?}");
        }
    }
}

#[test]
fn on_a_terminal_the_help_has_colours_unless_they_are_not_wanted() {
    let on_a_terminal = |variables: &[(&str, &str)]| {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command"]).stdin(Stdio::null());
        script.arg(format!("{} --help", env!("CARGO_BIN_EXE_github-copilot-exporter"))).arg("/dev/null");
        let (code, said, error) = {
            script.env_remove("NO_COLOR").envs(variables.iter().copied());
            run(script)
        };
        assert_eq!(code, Some(0), "{said}{error}");
        assert!(said.contains("backfill"), "{said}");
        said
    };
    assert!(on_a_terminal(&COLOURFUL).contains(ESCAPE));
    assert!(!on_a_terminal(&[&COLOURFUL[..], &[("NO_COLOR", "1")]].concat()).contains(ESCAPE));
}

#[test]
fn each_shell_has_a_script_that_names_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, error) = run(exporter(&["completions", shell], &[]));
        assert_eq!((code, &*error), (Some(0), ""), "{shell}");
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("--day-every") || script.contains("-l day-every"), "{shell}");
    }
}

/// What a Bash that has read the script makes of words of which the last is not complete.
fn completed(script: &str, words: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("completions");
    fs::write(&file, script).unwrap();
    // The function that it gave to the command, called as Bash does: the command, this word, the one before.
    let ask = r#"source "$1"; shift; set -- github-copilot-exporter "$@"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        function=$(complete -p github-copilot-exporter | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" "$1" "${@: -1}" "${@: -2:1}"; echo "${COMPREPLY[*]}""#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", ask, "bash"]).arg(&file).args(words);
    let (code, said, error) = run(bash);
    assert_eq!((code, &*error), (Some(0), ""));
    said.trim_end().to_owned()
}

#[test]
fn bash_takes_its_script_and_completes_commands_and_switches() {
    let (_, script, _) = run(exporter(&["completions", "bash"], &[]));
    for (words, expected) in [
        (&["de"][..], "demo"),
        (&["check", "--js"], "--json"),
        (&["backfill", "--remote"], "--remote-write"),
        (&["simulate", "--api", "us"], "usage"),
        (&["completions", "f"], "fish"),
        (&["nonsense", "x"], ""),
    ] {
        assert_eq!(completed(&script, words), expected, "{words:?}");
    }
}

#[test]
fn a_port_that_is_taken_ends_with_1_and_names_the_variable() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [COMPLETE[0], COMPLETE[1], ("EXPORTER_LISTEN_ADDRESS", &*address)];
    let (code, _, error) = run(exporter(&[], &variables));
    assert_eq!(code, Some(1));
    assert!(
        error
            .contains(&format!("could not start: EXPORTER_LISTEN_ADDRESS {address}: Address already in use")),
        "{error}"
    );
}

#[test]
fn a_stop_signal_ends_it_with_0_even_while_github_hangs() {
    let mut variables = COMPLETE.to_vec();
    // Nothing answers there, and nothing refuses: the port is open and nobody accepts.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}", silent.local_addr().unwrap());
    variables.push(("GITHUB_API_URL", &api));
    let running = Running::start(exporter(&[], &variables));
    running.address();
    let (status, said) = running.terminate();
    assert_eq!(status.code(), Some(0), "{said:?}");
}

#[test]
fn variables_of_others_that_are_not_utf8_do_no_harm() {
    let mut command = exporter(&[], &COMPLETE);
    command.env("SOMEBODY_ELSES", OsStr::from_bytes(b"\xff\xfe")).env(OsStr::from_bytes(b"\xff"), "x");
    let running = Running::start(command);
    running.address();
    assert_eq!(running.terminate().0.code(), Some(0));
}

#[test]
fn a_misspelt_variable_is_warned_about() {
    let mut variables = COMPLETE.to_vec();
    variables.push(("EXPORTER_REFRESH_INTERVALL", "5m"));
    let running = Running::start(exporter(&[], &variables));
    let line = running.line_with("EXPORTER_REFRESH_INTERVALL");
    assert!(line.contains("level=warn"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_needs_no_token_and_no_network_and_tells_where_to_look() {
    // A token in the environment must not get anywhere.
    // Nor is a proxy for the way out asked for the way to this machine.
    let dead = "http://127.0.0.1:9";
    let variables = [
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("GITHUB_TOKEN", "ghp_secret"),
        ("HTTP_PROXY", dead),
        ("http_proxy", dead),
        ("ALL_PROXY", dead),
    ];
    let running = Running::start(exporter(&["demo", "--now", "2026-11-20T12:00:00Z"], &variables));
    let metrics = running.line_with("/metrics");
    let url = metrics.split_whitespace().nth(1).unwrap();
    let patience = Patience::new();
    let text = loop {
        patience.check("the demo's figures");
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        let scrape = Scrape::read(text);
        if sources_up(&scrape, 4 * 3) {
            break scrape.text;
        }
    };
    for family in ["total_suggestions", "recently_active_seats", "billing_net_amount_usd"] {
        assert!(text.contains(&format!("github_copilot_{family}{{")), "{family}");
    }
    assert!(!text.contains("ghp_secret"));
    assert_eq!(promtool_check(&text), (Some(0), String::new()));
    assert_eq!(running.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_tells_programs_where_everything_is_in_one_line_of_json() {
    let variables = [("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"), ("EXPORTER_LOG_LEVEL", "error")];
    let running = Running::start(exporter(&["demo", "--json", "--orgs=1", "--users=20"], &variables));
    let line: Value = serde_json::from_str(&running.line_with("")).unwrap();
    for (page, part) in [("overview", "octo-"), ("metrics", "github_copilot_exporter_build_info{")] {
        let text = reqwest::get(line[page].as_str().unwrap()).await.unwrap().text().await.unwrap();
        assert!(text.contains(part), "{page}: {text}");
    }
    let keys: Vec<_> = line.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["api", "downloads", "enterprise", "metrics", "orgs", "overview", "token"]);
    let (_, rest) = running.terminate();
    assert_eq!(rest, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_leaves_alone_what_a_real_exporter_keeps() {
    let directory = tempfile::tempdir().unwrap();
    let kept = directory.path().join("state.json.gz");
    fs::write(&kept, "a year of figures").unwrap();
    let variables = [
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_STATE_DIR", directory.path().to_str().unwrap()),
    ];
    let running = Running::start(exporter(&["demo", "--orgs=1", "--users=20"], &variables));
    let metrics = running.line_with("/metrics");
    let url = metrics.split_whitespace().nth(1).unwrap();
    let patience = Patience::new();
    while !sources_up(&Scrape::read(reqwest::get(url).await.unwrap().text().await.unwrap()), 2 * 4) {
        patience.check("the demo's figures, which would be kept");
    }
    assert_eq!(running.terminate().0.code(), Some(0));
    let files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files, std::slice::from_ref(&kept));
    assert_eq!(fs::read_to_string(kept).unwrap(), "a year of figures");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_a_demo_pass_for_seats_and_costs_as_well() {
    let variables = [("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"), ("EXPORTER_REFRESH_INTERVAL", "1s")];
    let days = ["demo", "--now", "2026-11-29T12:00:00Z", "--day-every", "3s"];
    let running = Running::start(exporter(&days, &variables));
    let metrics = running.line_with("/metrics");
    let url = metrics.split_whitespace().nth(1).unwrap();
    let december = r#"github_copilot_billing_month_timestamp_seconds{enterprise="octo-group",org="",team=""} 1796083200"#;
    let patience = Patience::new();
    loop {
        patience.check("the costs of December");
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        if text.lines().any(|line| line == december) {
            break;
        }
    }
}

#[test]
fn the_curl_example_of_the_seed_page_works_with_only_the_host_changed() {
    let arguments = [
        "simulate",
        "--json",
        "--token",
        "YOUR-TOKEN=manage_billing:copilot",
        "--now",
        "2026-11-20T12:00:00Z",
    ];
    let running = Running::start(exporter(&arguments, &[]));
    let line: serde_json::Value = serde_json::from_str(&running.line_with("api")).unwrap();
    let keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["api", "downloads", "enterprise", "orgs", "token"]);
    let (api, org) = (line["api"].as_str().unwrap(), line["orgs"][0].as_str().unwrap());
    let mut curl = Command::new("curl");
    curl.args(["-sL", "-H", "Accept: application/vnd.github+json", "-H", "Authorization: Bearer YOUR-TOKEN"]);
    curl.args(["-H", "X-GitHub-Api-Version: 2022-11-28", &format!("{api}/orgs/{org}/copilot/usage")]);
    let (code, body, _) = run(curl);
    assert_eq!(code, Some(0));
    let days: Vec<serde_json::Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(days.len(), 28);
    assert_eq!(days[27]["day"], "2026-11-19");
    assert_eq!(running.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_in_no_log_line_no_metric_and_on_no_page() {
    let simulator =
        Simulator::start(Options { orgs: 1, teams: 2, users: 20, ..Options::default() }).await.unwrap();
    let company = simulator.announcement();
    // Its message echoes the token, as a careless proxy might.
    let message = Some(format!("Bad credentials: {}", company.token));
    let refused = FaultKind::Status(StatusFault { message, ..StatusFault::new(401) });
    simulator.set_faults(vec![Fault { first: Some(4), ..Fault::new(refused) }]);
    let shown = everything_shown(&simulator, &[], "unauthorized", 4).await;
    for text in &shown {
        assert!(!text.contains(&company.token), "{text}");
    }
    assert!(shown[0].contains("***"), "{}", shown[0]);
    let mended = |text: &&String| text.contains("level=info") && text.contains("works again");
    assert_eq!(shown.iter().filter(mended).count(), 4, "the log says that each source works again");
}

/// Everything that an exporter of the first organisation shows at its most talkative: the log line with this reason
/// first, then every page, until all of its sources are up, and what it logged meanwhile.
pub async fn everything_shown(
    simulator: &Simulator,
    more: &[(&str, &str)],
    reason: &str,
    sources: usize,
) -> Vec<String> {
    let company = simulator.announcement();
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &*company.orgs[0]),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_REFRESH_INTERVAL", "1s"),
        ("EXPORTER_LOG_LEVEL", "trace"),
    ];
    let running = Running::start(exporter(&[], &[&variables, more].concat()));
    let address = running.address();
    let get = async |path: &str| {
        reqwest::get(format!("http://{address}{path}")).await.unwrap().text().await.unwrap()
    };
    let mut shown = vec![running.line_with(&format!("reason={reason}"))];
    let patience = Patience::new();
    loop {
        patience.check("the recovery");
        let scrape = Scrape::read(get("/metrics").await);
        shown.extend([scrape.text.clone(), get("/").await]);
        if scrape.sum("github_copilot_exporter_source_up", &[]) == sources as f64 {
            break;
        }
    }
    let (status, said) = running.terminate();
    assert_eq!(status.code(), Some(0));
    shown.extend(said);
    shown
}
