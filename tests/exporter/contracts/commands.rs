//! Commands, switches and exit codes: what documents and `--help` show is what the program takes and does.

use std::{collections::BTreeSet, fmt::Write};

use clap::{CommandFactory, Parser, error::ErrorKind};
use github_copilot_exporter::{cli::Cli, exit::Exit};

use super::{documents, read};

/// The width of the help in the document.
const WIDTH: usize = 100;

const PROGRAM: &str = "github-copilot-exporter";

const SIGNALS: &str = "
`SIGTERM` and `SIGINT` (Ctrl-C) ask it to stop. `serve` ends its requests, saves its state and ends with 0; so do `demo` and
`simulate`. `check` ends with what it has found so far, 1 if anything of that is refused. `backfill` keeps what is finished,
says how to go on, and ends with 0. Any other signal ends it at once, as it does every program: a shell shows 128 and its
number, for instance 137 for `SIGKILL`.
";

/// The document: the help of every command, what they end with, and the paths that are served.
pub fn page() -> String {
    let mut text = String::from(
        "# Commands\n\nWritten by `make docs` from `src/cli.rs`, `src/exit.rs` and `src/server/routes.rs`.\n\n\
         Without a command it serves. What is asked for goes to standard output, log and errors to standard error. There\n\
         are colours in the help and where the command line is wrong, and only on a terminal.\n\n## Exit codes\n\n| exit code | meaning |\n|---|---|\n",
    );
    for exit in Exit::ALL {
        writeln!(text, "| {} | {} |", exit.code(), exit.meaning()).unwrap();
    }
    text.push_str(SIGNALS);
    text.push_str("\n## Paths of `serve` and `demo`\n\n");
    text.push_str(&paths(&read("src/server/routes.rs")));
    text.push_str(
        "\nAnything else is not found (404), and other methods than GET and HEAD are not allowed (405).\n",
    );
    for (name, help) in helps() {
        write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    text
}

/// The table above the routes.
fn paths(routes: &str) -> String {
    let rows = routes.lines().filter_map(|line| line.strip_prefix("//! |"));
    rows.map(|row| format!("|{row}\n")).collect()
}

/// The program and its commands, each with its long help.
fn helps() -> Vec<(String, String)> {
    let mut program = Cli::command().term_width(WIDTH);
    program.build();
    let mut found = vec![(PROGRAM.to_owned(), program.render_long_help().to_string())];
    for command in program.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        found.push((command.get_name().to_owned(), command.render_long_help().to_string()));
    }
    // Columns end in blanks where there is nothing more to say.
    let trimmed = |help: String| help.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    found.into_iter().map(|(name, help)| (name, trimmed(help))).collect()
}

/// A line of shell up to where the program's own arguments end.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(end), c) if c == end => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '|' | '>' | ';' | '&') => break,
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The arguments that a line of a document gives to the program, if it is about it.
fn arguments(line: &str) -> Option<Vec<String>> {
    let words = shell_words(line.trim().trim_start_matches("$ "));
    let is_before = |word: &String| word.contains('=') || ["/usr/bin/time", "-v"].contains(&&**word);
    let program = words.iter().position(|word| !is_before(word))?;
    let (name, rest) = (&words[program], &words[program + 1..]);
    if name == PROGRAM || name.ends_with("/github-copilot-exporter") {
        return Some(rest.to_vec());
    }
    let is_run = name == "cargo" && rest.first().is_some_and(|word| word == "run");
    let own = rest.iter().position(|word| word == "--").filter(|_| is_run)?;
    Some(rest[own + 1..].to_vec())
}

/// Lines of code: of blocks, with what a backslash joins, and between backticks.
fn code(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let (mut found, mut prose, mut in_block) = (Vec::new(), String::new(), false);
    for line in joined.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.push(line.to_owned());
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    let known: BTreeSet<_> =
        Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    for span in prose.split('`').skip(1).step_by(2) {
        // A command may be shown without the program's name.
        let short =
            span.split_once(' ').is_some_and(|(first, rest)| known.contains(first) && rest.starts_with("--"));
        found.push(if short { format!("{PROGRAM} {span}") } else { span.to_owned() });
    }
    found
}

/// Command lines of a document that the program would not take.
fn refused(file: &str, text: &str) -> Vec<String> {
    // What is left open is no mistake: `backfill --output` speaks of one switch only.
    let is_open = |line: &str| line.contains('…');
    let is_wrong = |kind: ErrorKind| {
        !matches!(
            kind,
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::MissingRequiredArgument
        )
    };
    let lines = code(text).into_iter().filter(|line| !is_open(line));
    let tried = lines.filter_map(|line| {
        let arguments = arguments(&line)?;
        let error = Cli::try_parse_from([vec![PROGRAM.to_owned()], arguments].concat()).err()?;
        let reason = error.to_string().lines().next().unwrap_or_default().to_owned();
        is_wrong(error.kind()).then(|| format!("{file}: {}: {reason}", line.trim()))
    });
    tried.collect()
}

#[test]
fn the_program_takes_every_command_line_that_a_document_or_its_help_shows() {
    let documents = documents();
    for (file, text) in &documents {
        assert_eq!(refused(file, text), [""; 0]);
    }
    let shown = |text: &str| code(text).iter().filter(|line| arguments(line).is_some()).count();
    let count: usize = documents.values().map(|text| shown(text)).sum();
    assert!(count >= 25, "command lines are found: {count}");
    for (name, help) in helps() {
        let examples = help.split_once("\nExamples:\n").map_or("", |(_, examples)| examples);
        let lines = examples.lines().take_while(|line| !line.is_empty());
        let count = lines.filter(|line| arguments(line).is_some()).count();
        assert!(count >= 2, "src/cli.rs: {name} --help shows {count} examples");
    }
}

#[test]
fn a_command_line_that_the_program_would_not_take_is_named() {
    for (text, problem) in [
        ("```sh\ngithub-copilot-exporter serv\n```", "unrecognized subcommand 'serv'"),
        (
            "```sh\nGITHUB_TOKEN=x target/release/github-copilot-exporter check --jsno | jq .\n```",
            "unexpected argument '--jsno'",
        ),
        ("```sh\ncargo run --release -- demo \\\n  --day-every often\n```", "invalid value 'often'"),
        ("Say `backfill --form 2025-12-01`.", "unexpected argument '--form'"),
        ("Ask\n`github-copilot-exporter demo\n--users many`.", "invalid value 'many'"),
        ("```text\n  github-copilot-exporter completions csh > file\n```", "invalid value 'csh'"),
    ] {
        let found = refused("a.md", text);
        assert!(
            matches!(&*found, [only] if only.starts_with("a.md: ") && only.contains(problem)),
            "{text}: {found:?}"
        );
    }
    for sound in [
        "`helm install copilot deploy/helm/github-copilot-exporter --namespace copilot`",
        "```sh\ngithub-copilot-exporter check --json | jq '.a > 1' # --nonsense\n```",
        "`github-copilot-exporter backfill --output …` and `backfill --output history`",
    ] {
        assert_eq!(refused("a.md", sound), [""; 0]);
    }
    // The same for the examples of the help, as the document has them.
    let page = page();
    for (from, to) in [
        ("--day-every 10s", "--days-every 10s"),
        ("completions fish", "complete fish"),
        (" check --json |", " check --jsno |"),
    ] {
        assert!(page.contains(from), "{from}");
        let found = refused("docs/commands.md", &page.replace(from, to));
        assert_eq!(found.len(), 1, "{to}: {found:?}");
    }
}

/// Switches that the document about backfill names and `backfill` has not, and the other way round.
fn wrong_switches(text: &str) -> Vec<String> {
    // Those of Prometheus, of promtool, of Thanos, and of the simulator.
    let others = [
        "web.enable-remote-write-receiver",
        "storage.tsdb.retention.time",
        "max-block-duration",
        "tsdb.out-of-order.time-window",
        "listen",
        "orgs",
        "teams",
        "users",
    ];
    let command = Cli::command();
    let backfill = command.find_subcommand("backfill").unwrap();
    let known: BTreeSet<_> = backfill.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let is_switch = |c: char| c.is_ascii_lowercase() || c == '-';
    let named: BTreeSet<_> = text
        .split(|c: char| !(is_switch(c) || c == '.'))
        .filter_map(|word| word.strip_prefix("--"))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect();
    let strange = named.difference(&known).filter(|name| !others.contains(name));
    let strange =
        strange.map(|name| format!("docs/backfill.md names --{name}, which src/backfill/options.rs has not"));
    strange
        .chain(known.difference(&named).map(|name| format!("docs/backfill.md does not name --{name}")))
        .collect()
}

#[test]
fn the_document_about_backfill_names_its_switches_and_no_other() {
    assert_eq!(wrong_switches(&read("docs/backfill.md")), [""; 0]);
}

#[test]
fn a_switch_of_backfill_that_is_renamed_in_the_document_is_named_twice() {
    let text = read("docs/backfill.md").replace("--breakdown", "--break-down");
    let expected = [
        "docs/backfill.md names --break-down, which src/backfill/options.rs has not",
        "docs/backfill.md does not name --breakdown",
    ];
    assert_eq!(wrong_switches(&text), expected);
}

/// Exit codes that a document names, in words or in a table of them, and the program does not end with.
fn wrong_codes(file: &str, text: &str) -> Vec<String> {
    let number =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let in_words = ["exit code ", "with code ", "ends with ", "end with "].into_iter();
    let in_words = in_words.flat_map(|words| flat.split(words).skip(1)).filter_map(number);
    let tables = text.split("\n| exit code |").skip(1).map(|table| table.split("\n\n").next().unwrap());
    let in_tables =
        tables.flat_map(|table| table.lines().skip(2)).filter_map(|line| number(line.strip_prefix("| ")?));
    let named: BTreeSet<u8> = in_words.chain(in_tables).collect();
    let known = Exit::ALL.map(Exit::code);
    let strange = named.into_iter().filter(|code| !known.contains(code));
    strange.map(|code| format!("{file} names the exit code {code}, which src/exit.rs has not")).collect()
}

#[test]
fn every_exit_code_that_a_document_names_is_one_of_the_programs() {
    for (file, text) in documents() {
        assert_eq!(wrong_codes(&file, &text), [""; 0]);
    }
}

#[test]
fn an_exit_code_that_does_not_exist_is_named() {
    let problem = |file: &str| [format!("{file} names the exit code 65, which src/exit.rs has not")];
    for (file, from, to) in [
        ("docs/check.md", "| 64 |", "| 65 |"),
        ("docs/commands.md", "| 64 |", "| 65 |"),
        ("docs/configuration.md", "exit code 64", "exit code 65"),
        ("docs/web.md", "code 64", "code 65"),
    ] {
        let text = read(file);
        assert!(text.contains(from), "{file}: no {from}");
        assert_eq!(wrong_codes(file, &text.replace(from, to)), problem(file));
    }
}
