//! The page about faults: the matrix, what is strange and no failure, and what other tests show.

use std::fmt::{self, Display, Write};

use github_copilot_exporter::github::Reason;

use crate::{
    faults::{ANSWERS, FIGURES, FILES, Fault, LINKS, PLACES, RECORDS},
    oddities::ODDITIES,
};

/// Something that goes wrong, shown by a test that is not of the matrix.
struct Row {
    what: &'static str,
    sees: Sees,
    heals: &'static str,
    test: &'static str,
}

/// What the user sees: a word, and what there was stays, or something else.
enum Sees {
    Word(Reason),
    Instead(&'static str),
}

use Sees::{Instead, Word};

const NEXT: &str = "with the next attempt";

const fn row(what: &'static str, sees: Sees, heals: &'static str, test: &'static str) -> Row {
    Row { what, sees, heals, test }
}

/// What goes wrong between the exporter and GitHub beside the matrix.
const GITHUB: &[Row] = &[
    row(
        "a token file that is gone or empty",
        Word(Reason::Credential),
        "within seconds of its return",
        "faults::a_token_file_that_goes_away_is_credential_and_heals_when_it_is_back",
    ),
    row(
        "a token file that never answers",
        Word(Reason::Credential),
        "when it does",
        "client::a_token_file_that_never_answers_is_a_credential_failure_and_keeps_nobody_waiting",
    ),
    row(
        "GitHub is killed with a question in flight, and comes back",
        Word(Reason::Network),
        NEXT,
        "outage::a_github_that_is_killed_and_comes_back_is_network_and_heals",
    ),
    row(
        "a start against a GitHub that is broken",
        Instead("the word; no figures and no zeros"),
        NEXT,
        "outage::a_cold_start_against_a_broken_github_has_no_figures_and_no_zeros_and_heals",
    ),
    row(
        "scrapes without pause while it goes wrong",
        Instead("every one is answered, its data the same to the byte"),
        NEXT,
        "outage::a_body_that_breaks_off_is_network",
    ),
    row(
        "a later page goes wrong",
        Instead("the word; nothing of the list is taken in"),
        NEXT,
        "client::one_bad_page_fails_the_whole_list",
    ),
    row(
        "pages without end",
        Word(Reason::Decode),
        NEXT,
        "client::pages_that_go_on_for_ever_without_repeating_end_in_a_failure",
    ),
    row(
        "a list of seats that ends too early",
        Word(Reason::Decode),
        NEXT,
        "seats::a_list_that_ends_before_all_its_seats_is_no_list",
    ),
    row(
        "a status 304 that nobody asked for",
        Word(Reason::Rejected),
        NEXT,
        "client::each_status_of_the_page_is_a_failure_with_its_own_word",
    ),
    row(
        "the limit is spent in the middle of a start",
        Word(Reason::RateLimited),
        "when GitHub allows it, where it was",
        "report_flows::a_limit_in_the_middle_of_a_start_stops_it_and_it_goes_on_where_it_was",
    ),
    row(
        "a report that is not ready",
        Instead("`source_waiting` is 1; the days before stay"),
        "when it is",
        "refusals::users_that_are_not_ready_are_waited_for_and_teams_stay_a_day_behind",
    ),
    row(
        "reports about people or teams that are refused",
        Instead("the word; the owner's own figures go on"),
        "when they are allowed, with all days",
        "refusals::what_is_allowed_again_is_shown_whole",
    ),
    row(
        "a link that runs out while files are read",
        Instead("nothing: it is asked for anew, and no file is counted twice"),
        "at once",
        "report_flows::files_that_break_off_or_whose_links_expire_are_never_counted_twice_nor_half",
    ),
    row(
        "a report that goes back, leaves days out, or names a day to come",
        Instead("the days as GitHub gives them; what was good stays"),
        NEXT,
        "report_flows::days_that_are_filled_taken_back_or_wrong_are_followed",
    ),
    row(
        "nothing can be read for 28 days",
        Instead("the figures are dropped, and the log says so"),
        NEXT,
        "refresh::what_could_not_be_read_for_28_days_is_dropped_at_last",
    ),
    row(
        "answers without end, gzip bombs among them",
        Instead("`too_large`; the process stays below 224 MiB"),
        NEXT,
        "siege::answers_without_end_are_given_up_and_never_held",
    ),
    row(
        "answers, redirects and errors that quote the token or signed links",
        Instead("neither of them anywhere: log at level `trace`, page, series"),
        NEXT,
        "siege::tokens_and_signed_links_are_found_nowhere_whatever_goes_wrong",
    ),
];

/// Clocks.
const CLOCKS: &[Row] = &[
    row(
        "the clock is set by hours or a year, forth and back (usage API)",
        Instead("the figures stay; what depends on the time of day, such as idle seats, follows the clock"),
        "when the clock is right, by itself",
        "clock_jumps::by_the_usage_api_a_clock_that_is_set_loses_nothing",
    ),
    row(
        "the same (reports)",
        Instead("the same; by a clock a year ahead the next report is missing, `not_found`"),
        "when the clock is right, by itself",
        "clock_jumps::by_reports_a_clock_that_is_set_loses_nothing",
    ),
    row(
        "the clock is set back while a source fails",
        Instead("it is asked again as soon as before"),
        NEXT,
        "clock_jumps::a_failing_source_with_a_token_file_is_asked_again_although_the_clock_was_set_back",
    ),
];

/// What clients do to the server.
const CLIENTS: &[Row] = &[
    row(
        "a thousand connections that are silent, drip or do not read",
        Instead("every scrape is answered: who has asked for nothing makes place for a newcomer"),
        "at once",
        "siege::a_scrape_is_answered_while_a_thousand_silent_or_dripping_connections_stay_open",
    ),
    row(
        "no complete head within 30 s, also byte by byte",
        Instead("that connection is closed"),
        "at once",
        "connections::who_sends_its_head_byte_by_byte_is_cut_off_all_the_same",
    ),
    row(
        "no end of a TLS handshake",
        Instead("that connection is closed"),
        "at once",
        "connections::who_does_not_finish_the_handshake_of_tls_in_time_is_cut_off_and_loses_its_place_to_a_newcomer",
    ),
    row(
        "a head of more than 16 KiB or 64 lines, or no HTTP",
        Instead("a refusal"),
        "at once",
        "http::an_oversized_head_or_nonsense_is_refused_and_others_are_served_on",
    ),
    row(
        "an answer that is not read",
        Instead("that connection is cut at its age, 11 minutes"),
        "at once",
        "connections::a_peer_that_never_reads_is_cut_when_its_time_is_over",
    ),
    row(
        "a connection that is used for ever",
        Instead("it ends between two requests once it is 10 minutes old"),
        "at once",
        "connections::a_connection_ends_at_its_age_and_between_two_requests",
    ),
    row(
        "a stop while answers are sent",
        Instead("they are finished, for 10 s at most"),
        "",
        "connections::a_running_answer_is_finished_after_the_stop_signal",
    ),
    row(
        "a stop while connections are silent or not read",
        Instead("nobody is waited for longer"),
        "",
        "connections::neither_silent_peers_nor_those_that_never_read_keep_the_server_from_stopping",
    ),
];

const HEAD: &str = "\
# When things go wrong

Written by `make docs` from the tests in `tests/exporter`, which tell each row.

Whatever goes wrong, the process works on, every scrape is answered, and the last good figures stay, for 28 days. A
failure has one of [these words](runbook.md#failure-words), the same in three places:

* the log: `level=warn message=\"refresh failed\" owner=… source=… reason=WORD detail=…`, and `works again` afterwards;
* the series: `github_copilot_exporter_source_failures_total{reason=\"WORD\"}` counts it, and
  `github_copilot_exporter_source_up` is 0 until everything was read again;
* the overview page: the word, what happened, and what to change.

Nothing needs a restart. The next attempt comes after 10 seconds, then 20, 40 and so on, and at the latest with the next
`EXPORTER_REFRESH_INTERVAL`; when GitHub limits, as soon as it allows, within an hour.
";

/// The document.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    matrix(&mut page, "Answers of GitHub", ANSWERS);
    matrix(&mut page, "Figures of the usage API", FIGURES);
    matrix(&mut page, "Links to files of reports", LINKS);
    matrix(&mut page, "Files of reports", FILES);
    matrix(&mut page, "Records about people", RECORDS);
    rows(&mut page, "Around GitHub", GITHUB);
    page.push_str("\n## Strange, and no failure\n\n| answer | where | what is seen, until it is gone | test |\n|---|---|---|---|\n");
    for oddity in ODDITIES {
        let test = format!("oddities::{}", oddity.test());
        line(&mut page, &[&oddity.what, &oddity.place, &oddity.sees, &Code(&test)]);
    }
    rows(&mut page, "Clocks", CLOCKS);
    rows(&mut page, "Clients", CLIENTS);
    page
}

/// The faults of a kind, and the places where each of them is tried.
fn matrix(page: &mut String, title: &str, faults: &[Fault]) {
    write!(page, "\n## {title}\n\nEach of them at each of these places:\n\n").unwrap();
    let same = |of: &[Fault]| of.iter().map(|fault| fault.what).eq(faults.iter().map(|fault| fault.what));
    for place in PLACES.iter().filter(|place| same(place.faults)) {
        writeln!(page, "* {}: `faults::{}`", place.what, place.test).unwrap();
    }
    page.push_str("\n| fault | word | heals |\n|---|---|---|\n");
    for fault in faults {
        line(page, &[&fault.what, &Code(fault.word.word()), &heals(fault.word)]);
    }
}

fn rows(page: &mut String, title: &str, rows: &[Row]) {
    write!(page, "\n## {title}\n\n| fault | what is seen | heals | test |\n|---|---|---|---|\n").unwrap();
    for Row { what, sees, heals, test } in rows {
        line(page, &[what, sees, heals, &Code(test)]);
    }
}

fn line(page: &mut String, cells: &[&dyn Display]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.to_string().replace('|', "\\|")).collect();
    writeln!(page, "| {} |", cells.join(" | ")).unwrap();
}

struct Code<'c>(&'c str);

impl Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl Display for Sees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word(reason) => write!(f, "`{reason}`"),
            Instead(words) => f.write_str(words),
        }
    }
}

fn heals(word: Reason) -> &'static str {
    if word == Reason::RateLimited { "when GitHub allows it, within an hour" } else { NEXT }
}

/// Every test that the page names, as `module::name`.
pub fn tests() -> Vec<String> {
    let of_matrix = PLACES.iter().map(|place| format!("faults::{}", place.test));
    let of_oddities = ODDITIES.iter().map(|oddity| format!("oddities::{}", oddity.test()));
    let others = [GITHUB, CLOCKS, CLIENTS].into_iter().flatten().map(|row| row.test.to_owned());
    of_matrix.chain(of_oddities).chain(others).collect()
}

/// Every word that a row of the matrix, or beside it, shows.
pub fn words() -> Vec<Reason> {
    let of_matrix = PLACES.iter().flat_map(|place| place.faults).map(|fault| fault.word);
    let others = GITHUB.iter().filter_map(|row| match row.sees {
        Word(reason) => Some(reason),
        Instead(_) => None,
    });
    of_matrix.chain(others).collect()
}
