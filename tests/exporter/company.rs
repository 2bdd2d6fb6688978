//! The exporter against the simulated company: every figure equals what its people did, added up naively.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use github_copilot_exporter::simulator::{Options, Simulator, World};
use serde_json::Value;

use crate::{
    people_truth::labels,
    support::{Exporter, ManualClock, Scrape},
    truth,
};

pub const NOON: &str = "2026-11-20T12:00:00Z";

/// The default company, at noon of a Friday.
pub fn options() -> Options {
    Options { now: Some(noon()), ..Options::default() }
}

pub fn noon() -> DateTime<Utc> {
    NOON.parse().unwrap()
}

/// An exporter that watches everything the simulator has.
pub async fn watch(
    simulator: &Simulator,
    clock: &std::sync::Arc<ManualClock>,
    more: &[(&str, &str)],
) -> Exporter {
    let company = simulator.announcement();
    let orgs = company.orgs.join(",");
    let own = [
        ("GITHUB_TOKEN", &*company.token),
        ("GITHUB_ORGS", &orgs),
        ("GITHUB_ENTERPRISE", &company.enterprise),
    ];
    Exporter::start(&company.api, clock, &[&own, more].concat()).await
}

/// Whether both sources about usage of every owner were read, and no other is asked.
pub fn all_up(scrape: &Scrape, owners: usize) -> bool {
    sources_up(scrape, 2 * owners)
}

/// Whether there are so many sources in all, and every one was read.
pub fn sources_up(scrape: &Scrape, sources: usize) -> bool {
    let up: Vec<f64> = scrape.of("github_copilot_exporter_source_up", &[]).map(|(_, up)| up).collect();
    up.len() == sources && up.iter().all(|up| *up == 1.0)
}

/// The 28 days up to yesterday, oldest first.
pub fn days() -> Vec<NaiveDate> {
    let today = noon().date_naive();
    (1..=28).rev().map(|back| today - Days::new(back)).collect()
}

/// The field of GitHub's record, and the series made of it, written out by hand.
const TOTALS: [(&str, &str); 8] = [
    ("total_suggestions_count", "suggestions"),
    ("total_acceptances_count", "acceptances"),
    ("total_lines_suggested", "lines_suggested"),
    ("total_lines_accepted", "lines_accepted"),
    ("total_active_users", "active_users"),
    ("total_chat_turns", "chat_turns"),
    ("total_chat_acceptances", "chat_acceptances"),
    ("total_active_chat_users", "active_chat_users"),
];
const ROWS: [(&str, &str); 5] = [
    ("suggestions_count", "suggestions"),
    ("acceptances_count", "acceptances"),
    ("lines_suggested", "lines_suggested"),
    ("lines_accepted", "lines_accepted"),
    ("active_users", "active_users"),
];

/// Every series that these days of one scope must give, `latest` being the one that its owner shows.
pub fn expect(scope: &str, days: &[Value], latest: NaiveDate, expected: &mut BTreeMap<String, f64>) {
    let newest = days.iter().find(|day| day["day"] == latest.to_string());
    for day in days {
        for (field, name) in TOTALS {
            let series = format!("github_copilot_daily_{name}{{{scope},day={}}}", day["day"]);
            expected.insert(series, day[field].as_f64().unwrap());
        }
    }
    let Some(newest) = newest else { return };
    for (field, name) in TOTALS {
        expected.insert(format!("github_copilot_total_{name}{{{scope}}}"), newest[field].as_f64().unwrap());
    }
    let start = latest.and_time(NaiveTime::MIN).and_utc().timestamp();
    expected.insert(format!("github_copilot_day_timestamp_seconds{{{scope}}}"), start as f64);
    for row in newest["breakdown"].as_array().unwrap() {
        let language = match row["language"].as_str().unwrap() {
            "c#" => "csharp",
            "c++" => "cpp",
            "shellscript" => "shell",
            as_sent => as_sent,
        };
        for (field, name) in ROWS {
            let series =
                format!(r#"github_copilot_{name}{{{scope},language="{language}",editor={}}}"#, row["editor"]);
            expected.insert(series, row[field].as_f64().unwrap());
        }
    }
}

/// Every data series that an exporter of this company must have.
pub fn everything(world: &World) -> BTreeMap<String, f64> {
    let mut expected = BTreeMap::new();
    let yesterday = days()[27];
    for entity in world.orgs().iter().chain([world.enterprise()]) {
        let whole: Vec<Value> =
            days().iter().map(|day| truth::day(world, world.people_of(entity), *day)).collect();
        expect(&labels(entity, None), &whole, yesterday, &mut expected);
        for team in &entity.teams {
            let shown = truth::team(world, team, &days());
            expect(&labels(entity, Some(team)), &shown, yesterday, &mut expected);
        }
    }
    expected
}

#[tokio::test]
async fn every_series_of_the_company_is_what_its_people_did_and_there_is_no_other() {
    let simulator = Simulator::start(options()).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[]).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    let expected = everything(simulator.world());
    let shown: BTreeMap<String, f64> = Scrape::read(scrape.data()).samples;
    assert!(expected.len() > 3000, "{}", expected.len());
    for (series, number) in &expected {
        assert_eq!(shown.get(series), Some(number), "{series}");
    }
    for series in shown.keys() {
        assert!(expected.contains_key(series), "nobody did {series}");
    }
    assert_eq!(scrape.get("github_copilot_exporter_series"), Some(expected.len() as f64));
    exporter.stop().await;
}

#[tokio::test]
async fn a_day_that_passes_at_github_shows_after_the_next_interval() {
    let simulator = Simulator::start(options()).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[("GITHUB_TEAMS", "none")]).await;
    exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    simulator.set_now(noon() + Days::new(1));
    exporter.clock.advance(3600);
    let day = "github_copilot_day_timestamp_seconds";
    let friday = 1_795_132_800.0;
    exporter.until("the next day", |scrape| scrape.of(day, &[]).all(|(_, start)| start == friday)).await;
    exporter.stop().await;
}

#[tokio::test]
async fn what_has_not_changed_costs_github_nothing() {
    let simulator = Simulator::start(options()).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[]).await;
    exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    let first = simulator.requests();
    let teams: usize =
        simulator.world().orgs().iter().chain([simulator.world().enterprise()]).map(|e| e.teams.len()).sum();
    assert_eq!(first.len(), 3 + 3 + teams, "each owner, each team list, each team");
    assert!(first.iter().all(|request| request.status == Some(200)), "{first:?}");
    simulator.clear_requests();
    exporter.clock.advance(3600);
    let answered =
        |scrape: &Scrape| scrape.sum("github_copilot_exporter_github_requests_total", &[r#"code="304""#]);
    exporter.until("the second round", |scrape| answered(scrape) == first.len() as f64).await;
    let second = simulator.requests();
    assert_eq!(second.len(), first.len());
    assert!(second.iter().all(|request| request.status == Some(304)), "{second:?}");
    exporter.stop().await;
}

#[tokio::test]
async fn beyond_the_most_series_detail_goes_in_order_and_says_so() {
    let simulator = Simulator::start(options()).await.unwrap();
    let whole = everything(simulator.world());
    let of = |daily: bool, team: bool| {
        let fits = |series: &&String| {
            let is_team = !series.contains(r#"team="""#);
            let is_total = series.contains("_total_") || series.contains("_day_timestamp_");
            is_team == team && !is_total && series.contains("_daily_") == daily
        };
        whole.keys().filter(fits).count()
    };
    let (team_daily, team_rows, owner) =
        (of(true, true), of(false, true), of(true, false) + of(false, false));
    let all = whole.len();
    for (most, dropped) in [
        (all, [0, 0, 0]),
        (all - 1, [team_daily, 0, 0]),
        (all - team_daily - 1, [team_daily, team_rows, 0]),
        (1, [team_daily, team_rows, owner]),
    ] {
        let limit = most.to_string();
        let exporter =
            watch(&simulator, &ManualClock::starting(NOON), &[("EXPORTER_MAX_SERIES", &limit)]).await;
        let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
        for (detail, count) in ["team_daily", "team_detail", "owner_detail"].into_iter().zip(dropped) {
            let series = format!(r#"github_copilot_exporter_series_dropped{{detail="{detail}"}}"#);
            assert_eq!(scrape.get(&series), Some(count as f64), "{detail} at {most}");
        }
        let left = Scrape::read(scrape.data()).samples;
        assert_eq!(left.len(), all - dropped.iter().sum::<usize>());
        assert!(left.iter().all(|(series, number)| whole[series] == *number));
        exporter.stop().await;
    }
}

#[tokio::test]
async fn team_detail_totals_leaves_owners_as_they_are() {
    let simulator = Simulator::start(options()).await.unwrap();
    let exporter =
        watch(&simulator, &ManualClock::starting(NOON), &[("EXPORTER_TEAM_DETAIL", "totals")]).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    let shown = Scrape::read(scrape.data()).samples;
    let expected = everything(simulator.world()).into_iter().filter(|(series, _)| {
        series.contains(r#"team="""#) || series.contains("_total_") || series.contains("_day_timestamp_")
    });
    assert_eq!(shown, expected.collect());
    assert_eq!(scrape.sum("github_copilot_exporter_series_dropped", &[]), 0.0, "not wanted is not dropped");
    exporter.stop().await;
}

#[tokio::test]
async fn folded_names_are_counted_and_lose_no_completion() {
    let simulator = Simulator::start(options()).await.unwrap();
    let exporter =
        watch(&simulator, &ManualClock::starting(NOON), &[("EXPORTER_MAX_LABEL_VALUES", "2")]).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 3)).await;
    for entity in simulator.world().orgs() {
        let org = format!(r#"org="{}",team="""#, entity.login);
        let of_org = [&*org];
        let languages: std::collections::BTreeSet<&str> = scrape
            .of("github_copilot_suggestions", &of_org)
            .map(|(series, _)| series.split(r#"language=""#).nth(1).unwrap().split('"').next().unwrap())
            .collect();
        assert!(languages.len() == 3 && languages.contains("others"), "{languages:?}");
        let total = scrape.sum("github_copilot_total_suggestions", &[&org]);
        assert_eq!(scrape.sum("github_copilot_suggestions", &[&org]), total);
        let label = [&*format!(r#"org="{}""#, entity.login), r#"label="language""#];
        assert!(scrape.sum("github_copilot_exporter_folded_label_values", &label) > 0.0);
    }
    exporter.stop().await;
}
