//! `EXPORTER_STATE_DIR`: what is served after a restart, whatever happened before it and whatever GitHub does after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
    os::unix::fs::symlink,
    path::Path,
    sync::Arc,
};

use flate2::read::GzDecoder;
use github_copilot_exporter::{
    config::Config,
    github::{Client, usage::UsageDay},
    model::{Records, State, Update},
    owner::Owner,
    refresh::{
        keeper::{Keeper, Rendering},
        published::Published,
        saved::Fit,
        saver::Saver,
        store::Store,
    },
    simulator::{Api, Fault, FaultKind, Options, Simulator, StatusFault},
};
use tokio::sync::mpsc;

use crate::{
    company::{NOON, options, sources_up, watch},
    program::{Running, exporter},
    support::{Exporter, ManualClock, Patience, Scrape},
};

const ALL_SOURCES: (&str, &str) = ("EXPORTER_SOURCES", "activity,teams,seats,billing");
const REPORTS: (&str, &str) = ("GITHUB_COPILOT_API", "reports");
pub const FILE: &str = "state.json.gz";

/// An organisation and an enterprise with four sources each.
const SOURCES: usize = 8;

pub fn company(api: Api) -> Options {
    Options { api, orgs: 1, teams: 4, users: 60, ..options() }
}

fn status(path: &str, code: u16) -> Fault {
    Fault { path: path.into(), ..Fault::new(FaultKind::Status(StatusFault::new(code))) }
}

/// What is written down; nothing before anything is.
pub fn written(directory: &Path) -> Option<String> {
    let mut text = String::new();
    let file = fs::File::open(directory.join(FILE)).ok()?;
    GzDecoder::new(file).read_to_string(&mut text).expect("it is whole at any moment");
    Some(text)
}

/// Waits until everything that was read is written down.
async fn until_saved(directory: &Path, clock: &ManualClock, exporter: &Exporter) {
    let patience = Patience::new();
    let successes = |text: String| text.matches(r#""last_success":""#).count();
    while written(directory).map(successes) != Some(SOURCES) {
        patience.check("everything is saved");
        clock.pass(1);
        exporter.scrape().await;
    }
}

/// Runs an exporter until it has read everything and saved that, stops it, and gives what it showed.
pub async fn first_life(simulator: &Simulator, directory: &Path, more: &[(&str, &str)]) -> Scrape {
    let clock = ManualClock::starting(NOON);
    let exporter = start(simulator, directory, &clock, more).await;
    exporter.until_by(0, "all sources up", |scrape| sources_up(scrape, SOURCES)).await;
    until_saved(directory, &clock, &exporter).await;
    let shown = exporter.scrape().await;
    assert!(sources_up(&shown, SOURCES));
    exporter.stop().await;
    shown
}

async fn start(
    simulator: &Simulator,
    directory: &Path,
    clock: &Arc<ManualClock>,
    more: &[(&str, &str)],
) -> Exporter {
    let state = [("EXPORTER_STATE_DIR", directory.to_str().unwrap()), ALL_SOURCES];
    watch(simulator, clock, &[&state, more].concat()).await
}

fn later(hours: i64) -> Arc<ManualClock> {
    let clock = ManualClock::starting(NOON);
    clock.advance(hours * 3600);
    clock
}

fn successes(scrape: &Scrape) -> BTreeMap<String, u64> {
    let all = scrape.of("github_copilot_exporter_source_last_success_timestamp_seconds", &[]);
    all.map(|(series, at)| (series.to_owned(), at.to_bits())).collect()
}

/// The lines of the data that do not depend on what time it is.
fn usage(scrape: &Scrape) -> Vec<String> {
    scrape.data().lines().filter(|line| !line.contains("_seats")).map(str::to_owned).collect()
}

/// A directory with the same in it: what is saved there is not for the next.
fn copy_of(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::copy(directory.join(FILE), copy.path().join(FILE)).unwrap();
    copy
}

fn all_tried(scrape: &Scrape) -> bool {
    scrape.of("github_copilot_exporter_source_up", &[]).count() == SOURCES
}

#[tokio::test]
async fn with_github_down_everything_is_served_as_it_was_with_its_age_and_heals() {
    for (api, speaks) in [(Api::Reports, REPORTS), (Api::Usage, ("GITHUB_COPILOT_API", "usage"))] {
        let place = tempfile::tempdir().unwrap();
        let simulator = Simulator::start(company(api)).await.unwrap();
        // In all detail, with names folded: then it has to be known how rows share people.
        let more = [speaks, ("EXPORTER_TEAM_DETAIL", "all"), ("EXPORTER_MAX_LABEL_VALUES", "2")];
        let before = first_life(&simulator, place.path(), &more).await;
        assert!(before.data().lines().count() > 500, "{}", before.data().lines().count());
        simulator.set_faults(vec![status("*", 503)]);
        let exporter = start(&simulator, place.path(), &later(20), &more).await;
        assert_eq!(exporter.get("/readyz").await.status(), 200);
        let first = exporter.scrape().await;
        assert_eq!(first.data(), before.data());
        assert_eq!(successes(&first), successes(&before), "so long ago was it read");
        let failing = exporter.until_by(0, "GitHub is found to be down", all_tried).await;
        assert_eq!(failing.sum("github_copilot_exporter_source_up", &[]), 0.0);
        assert_eq!((failing.data(), successes(&failing)), (before.data(), successes(&before)));
        simulator.set_faults(Vec::new());
        let healed = exporter.until_by(10, "healed", |scrape| sources_up(scrape, SOURCES)).await;
        assert_eq!(usage(&healed), usage(&before), "nothing has changed at GitHub but the age of seats");
        assert!(successes(&healed) > successes(&before));
        exporter.stop().await;
    }
}

#[tokio::test]
async fn first_answers_that_are_not_all_there_is_take_nothing_away() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Options { users: 90, ..company(Api::Reports) }).await.unwrap();
    let more = [REPORTS, ("EXPORTER_TEAM_DETAIL", "all")];
    let before = first_life(&simulator, place.path(), &more).await;
    assert!(before.of("github_copilot_monthly_active_users", &[]).count() > 2, "of teams, too");
    let some = |path: &str, every| Fault { every, ..status(path, 500) };
    for faults in [
        vec![some("*user-teams*", 2)],
        vec![some("*user-teams*", 1)],
        vec![some("*/users-28-day/*", 1), some("*/users-1-day*", 2)],
        vec![some("*/users-*", 1)],
        vec![status("*/users-*", 403)],
        vec![some("*-28-day/latest", 1)],
        vec![some("*/billing/*", 1), some("*/seats*", 1)],
    ] {
        let what = format!("{faults:?}");
        simulator.set_faults(faults);
        let copy = copy_of(place.path());
        let exporter = start(&simulator, copy.path(), &later(1), &more).await;
        let tried = exporter.until_by(0, "all tried", all_tried).await;
        assert!(tried.sum("github_copilot_exporter_source_up", &[]) < SOURCES as f64, "{what}");
        let (shown, expected) = (Scrape::read(tried.data()).samples, Scrape::read(before.data()).samples);
        let differing: Vec<_> =
            expected.iter().filter(|(name, value)| shown.get(*name) != Some(value)).collect();
        assert!(
            differing.is_empty(),
            "{what}: {} of {}: {:?}",
            differing.len(),
            expected.len(),
            differing.first()
        );
        assert_eq!(shown.len(), expected.len(), "{what}");
        exporter.stop().await;
    }
}

#[tokio::test]
async fn rows_by_language_alone_outlive_a_restart_too() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    simulator.set_faults(vec![status("*/users-*", 403)]);
    let clock = ManualClock::starting(NOON);
    let more = [REPORTS, ("EXPORTER_SOURCES", "activity")];
    let exporter = start(&simulator, place.path(), &clock, &more).await;
    let rows = |scrape: &Scrape| scrape.of("github_copilot_suggestions", &[r#"editor="""#]).count();
    let before = exporter.until("rows", |scrape| rows(scrape) > 0).await;
    let patience = Patience::new();
    while written(place.path()).is_none_or(|text| text.matches(r#""languages_only":true"#).count() != 2) {
        patience.check("it is saved");
        clock.pass(1);
        exporter.scrape().await;
    }
    exporter.stop().await;
    simulator.set_faults(vec![status("*/users-*", 500)]);
    let exporter = start(&simulator, place.path(), &later(1), &more).await;
    let up = |scrape: &Scrape| scrape.of("github_copilot_exporter_source_up", &[]).count() == 2;
    let tried = exporter.until_by(0, "tried", up).await;
    assert_eq!(rows(&tried), rows(&before));
    exporter.stop().await;
}

#[tokio::test]
async fn a_report_that_is_behind_does_not_hide_a_newer_day() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let listen = simulator.announcement().api.trim_start_matches("http://").parse().unwrap();
    let before = first_life(&simulator, place.path(), &[REPORTS]).await;
    simulator.stop().await;
    let simulator =
        Simulator::start(Options { latest_lag: 1, listen, ..company(Api::Reports) }).await.unwrap();
    let exporter = start(&simulator, place.path(), &later(1), &[REPORTS]).await;
    let read = exporter.until_by(0, "all sources up", |scrape| sources_up(scrape, SOURCES)).await;
    assert_eq!(usage(&read), usage(&before));
    exporter.stop().await;
}

#[tokio::test]
async fn what_was_not_read_for_a_month_is_not_served_again_and_nor_is_what_is_not_watched() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let before = first_life(&simulator, place.path(), &[REPORTS]).await;
    simulator.set_faults(vec![status("*", 503)]);
    let restarted = async |hours, more: &[(&str, &str)]| {
        let (more, copy) = ([&[REPORTS], more].concat(), copy_of(place.path()));
        let exporter = start(&simulator, copy.path(), &later(hours), &more).await;
        let first = exporter.scrape().await;
        exporter.stop().await;
        first
    };
    assert_eq!(restarted(27 * 24, &[]).await.data(), before.data());
    assert_eq!(restarted(28 * 24 + 2, &[]).await.data(), "");
    let no_teams = restarted(1, &[("GITHUB_TEAMS", "none")]).await;
    assert!(no_teams.data().contains("github_copilot_total_suggestions"));
    assert!(
        no_teams.samples.keys().all(|series| !series.contains("team=\"") || series.contains(r#"team="""#))
    );
    let other = restarted(1, &[("GITHUB_ORGS", "elsewhere"), ("GITHUB_ENTERPRISE", "elsewhere")]).await;
    assert_eq!(other.data(), "");
    let costs = restarted(1, &[("EXPORTER_SOURCES", "billing")]).await;
    assert!(costs.data().contains("github_copilot_billing_") && !costs.data().contains("suggestions"));
    assert_eq!(
        restarted(1, &[("GITHUB_COPILOT_API", "usage"), ALL_SOURCES])
            .await
            .of("github_copilot_total_suggestions", &[])
            .count(),
        0
    );
}

#[tokio::test]
async fn nobody_is_in_what_is_written_down() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    first_life(&simulator, place.path(), &[REPORTS, ("EXPORTER_TEAM_DETAIL", "all")]).await;
    let text = written(place.path()).unwrap();
    let words: BTreeSet<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '-').collect();
    assert!(words.contains("suggestions") && text.contains(r#""team":"#));
    for person in simulator.world().people() {
        assert!(!words.contains(&*person.login), "{}", person.login);
        assert!(!words.contains(&*person.id.to_string()), "{}", person.id);
    }
    assert!(!text.contains(&simulator.announcement().token));
    // Nor when anybody did anything: the only moments are those of reading.
    let moments: Vec<_> = text.split('"').filter(|word| word.contains("T1") && word.ends_with('Z')).collect();
    assert!(!moments.is_empty() && moments.iter().all(|at| at[..13] == NOON[..13]), "{moments:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_on_the_page_serving_goes_on_and_the_next_saving_works() {
    let place = tempfile::tempdir().unwrap();
    symlink("/dev/full", place.path().join(format!(".{FILE}.part"))).unwrap();
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let clock = ManualClock::starting(NOON);
    let exporter = start(&simulator, place.path(), &clock, &[REPORTS]).await;
    let patience = Patience::new();
    while !exporter.page().await.contains("could not be saved in EXPORTER_STATE_DIR: No space left on device")
    {
        patience.check("the page tells it");
    }
    until_saved(place.path(), &clock, &exporter).await;
    while exporter.page().await.contains("could not be saved") {
        patience.check("the page tells nothing any more");
    }
    assert!(sources_up(&exporter.scrape().await, SOURCES));
    exporter.stop().await;
}

/// An exporter that has read everything and could save nothing, as a file is where its directory should be.
async fn unsaved(simulator: &Simulator, directory: &Path) -> Exporter {
    fs::write(directory, "a file").unwrap();
    let exporter = start(simulator, directory, &ManualClock::starting(NOON), &[REPORTS]).await;
    exporter.until_by(0, "all sources up", |scrape| sources_up(scrape, SOURCES)).await;
    let patience = Patience::new();
    while !exporter
        .page()
        .await
        .contains("could not be saved in EXPORTER_STATE_DIR: the directory cannot be made: File exists")
    {
        patience.check("the page tells it");
    }
    fs::remove_file(directory).unwrap();
    exporter
}

#[tokio::test]
async fn what_could_not_be_saved_is_saved_a_minute_later_without_any_news() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("figures");
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let exporter = unsaved(&simulator, &directory).await;
    exporter.clock.advance(60);
    let patience = Patience::new();
    while exporter.page().await.contains("could not be saved") {
        patience.check("the page tells nothing any more");
    }
    assert!(written(&directory).is_some());
    exporter.stop().await;
}

#[tokio::test]
async fn what_is_not_saved_when_it_is_asked_to_stop_is_saved_then() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("figures");
    let simulator = Simulator::start(company(Api::Reports)).await.unwrap();
    let exporter = unsaved(&simulator, &directory).await;
    let shown = exporter.scrape().await;
    exporter.stop().await;
    simulator.set_faults(vec![status("*", 503)]);
    let exporter = start(&simulator, &directory, &later(1), &[REPORTS]).await;
    assert_eq!(exporter.scrape().await.data(), shown.data());
    exporter.stop().await;
}

#[tokio::test]
async fn news_behind_the_last_picture_are_saved_at_the_end() {
    let place = tempfile::tempdir().unwrap();
    let variables =
        [("GITHUB_API_URL", "http://127.0.0.1:9"), ("GITHUB_TOKEN", "t"), ("GITHUB_ORGS", "octo")];
    let config =
        Config::from_environment(variables.into_iter().map(|(name, value)| (name.into(), value.into())))
            .unwrap();
    let (clock, published) = (ManualClock::starting(NOON), Arc::new(Published::default()));
    let client = Client::new(config.github.clone(), &config.owners, clock.clone()).unwrap();
    let fit = Fit::of(&config);
    let saver = Saver::new(Store::new(place.path(), fit), Arc::clone(&published));
    let rendering =
        Rendering { view: config.view, team_detail: config.team_detail, max_series: config.max_series };
    let state = State::new(&config.owners, &config.sources);
    let (sender, news) = mpsc::channel(9);
    let keeper =
        Keeper::new(state, news, Arc::new(client), clock, Arc::clone(&published), rendering, Some(saver));
    let keeper = tokio::spawn(keeper.run());
    let told = |suggestions| {
        let day = UsageDay {
            day: "2026-11-21".parse().unwrap(),
            total_suggestions_count: Some(suggestions),
            ..UsageDay::default()
        };
        let (owner, days) = (Owner::org("octo"), Some(Records::Usage(vec![day])));
        sender.try_send(Update::Days { owner, team: None, days, at: NOON.parse().unwrap() }).unwrap();
    };
    told(1);
    let patience = Patience::new();
    while !written(place.path()).is_some_and(|text| text.contains(r#""suggestions":1,"#)) {
        patience.check("the first news are saved");
        tokio::task::yield_now().await;
    }
    told(2);
    drop(sender);
    keeper.await.unwrap();
    assert!(written(place.path()).unwrap().contains(r#""suggestions":2,"#));
}

/// The program with a company that answers at once, and with a directory for its state.
fn program(simulator: &Simulator, directory: &Path) -> Running {
    let company = simulator.announcement();
    let orgs = company.orgs.join(",");
    let variables = [
        ("GITHUB_API_URL", &*company.api),
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &orgs),
        ("GITHUB_COPILOT_API", "reports"),
        ("EXPORTER_REFRESH_INTERVAL", "1s"),
        ("EXPORTER_LISTEN_ADDRESS", "127.0.0.1:0"),
        ("EXPORTER_STATE_DIR", directory.to_str().unwrap()),
    ];
    Running::start(exporter(&[], &variables))
}

async fn scraped(address: &str) -> Scrape {
    Scrape::read(reqwest::get(format!("http://{address}/metrics")).await.unwrap().text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_start_serves_what_was_saved() {
    let place = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(Options { now: None, rate_limit: 1_000_000, ..company(Api::Reports) })
        .await
        .unwrap();
    let mut dice = fastrand::Rng::with_seed(7);
    let days = |scrape: &Scrape| scrape.of("github_copilot_day_timestamp_seconds", &[]).count();
    for life in 0..12 {
        let kept = written(place.path()).is_some_and(|text| text.contains(r#""days":{"2"#));
        let running = program(&simulator, place.path());
        let address = running.address();
        let first = scraped(&address).await;
        assert!(!kept || days(&first) > 0, "life {life}: {}", first.text);
        let patience = Patience::new();
        // Nothing is known before the first time, so there is nothing to lose by dying early.
        while life == 0 && written(place.path()).is_none() {
            patience.check("it saves");
            scraped(&address).await;
        }
        for _ in 0..dice.u32(0..40) {
            scraped(&address).await;
        }
        // Killed: see `Running`.
        drop(running);
    }
    let directory: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(directory.len() <= 2, "the file, and at most one draft: {directory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_or_cannot_be_written_is_a_warning_at_the_start_and_a_usual_start() {
    let simulator = Simulator::start(Options { now: None, ..company(Api::Reports) }).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(FILE), "garbage").unwrap();
    let running = program(&simulator, place.path());
    let address = running.address();
    let warning = running.line_with("what an earlier process knew is ignored");
    assert!(warning.contains("level=warn") && warning.contains("it is damaged"), "{warning}");
    serves_figures(&address).await;
    drop(running);
    // GitHub is down, so that there are no figures: it is told all the same.
    simulator.set_faults(vec![status("*", 503)]);
    let running = program(&simulator, &place.path().join(FILE));
    let address = running.address();
    let warning = running.line_with("the figures could not be saved");
    assert!(warning.contains("level=warn") && warning.contains("File exists"), "{warning}");
    simulator.set_faults(Vec::new());
    serves_figures(&address).await;
}

async fn serves_figures(address: &str) {
    let patience = Patience::new();
    while !scraped(address).await.data().contains("github_copilot_total_suggestions") {
        patience.check("the first figures");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_processes_with_one_directory_the_second_serves_what_is_there_and_warns() {
    let simulator = Simulator::start(Options { now: None, ..company(Api::Reports) }).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let first = program(&simulator, place.path());
    let patience = Patience::new();
    // On a slow machine there is something to save before there are figures.
    while !written(place.path()).is_some_and(|text| text.contains(r#""suggestions":"#)) {
        patience.check("the first saves figures");
        tokio::task::yield_now().await;
    }
    simulator.set_faults(vec![status("*", 503)]);
    let second = program(&simulator, place.path());
    let address = second.address();
    let warning = second.line_with("the figures could not be saved");
    assert!(warning.contains("another process keeps its figures there"), "{warning}");
    serves_figures(&address).await;
    let (status, _) = first.terminate();
    assert!(status.success());
    simulator.set_faults(Vec::new());
    second.line_with("the figures are saved again");
}
