//! How reports are asked for while they fail, change, lag and come back: what is shown is what they say, and few
//! questions are asked.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use github_copilot_exporter::simulator::{Fault, FaultKind, Options, Simulator};
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::{
    company::{NOON, all_up, noon, watch},
    fake_reports::{Day, Flow, Table, failures, shown, state},
    people::{REPORTS, data, differences, live},
    people_truth::{Series, Truth},
    support::{ManualClock, Patience, Scrape},
};

/// The newest day at the beginning, a Tuesday, and the day on which that is asked.
const NEWEST: &str = "2026-11-17";
const DAY: i64 = 86_400;
const HOUR: i64 = 3600;

fn newest() -> NaiveDate {
    NEWEST.parse().unwrap()
}

fn back(days: u64) -> NaiveDate {
    newest() - Days::new(days)
}

fn today() -> NaiveDate {
    newest() + Days::new(3)
}

/// A day on which each third of twelve people was active, with two teams that share two of them.
fn day_of(date: NaiveDate) -> Day {
    let turn = u64::try_from((date - NaiveDate::default()).num_days()).unwrap();
    let active = (1..=12).filter(|user| (user * 7 + turn * 5) % 11 < 4).collect();
    let teams = [(1, ("red".to_owned(), (1..=6).collect())), (2, ("blue".to_owned(), (5..=10).collect()))];
    Day { active, teams: teams.into() }
}

fn days(last: NaiveDate, count: u64) -> BTreeMap<NaiveDate, Day> {
    (0..count).map(|back| last - Days::new(back)).map(|day| (day, day_of(day))).collect()
}

fn month() -> Table {
    Table::of(days(newest(), 28))
}

/// The next day is published.
fn dawn(flow: &Flow) -> NaiveDate {
    let mut table = flow.table();
    let next = table.ends + Days::new(1);
    table.days.insert(next, day_of(next));
    table.ends = next;
    next
}

fn status(code: u16) -> ResponseTemplate {
    ResponseTemplate::new(code).set_body_json(json!({"message": "Not today", "status": code.to_string()}))
}

/// The ways to say that a report is not there.
fn absent() -> [ResponseTemplate; 5] {
    let ok = || ResponseTemplate::new(200);
    [
        ResponseTemplate::new(204),
        ok().set_body_json(json!({"download_links": []})),
        ok().set_body_json("The report is not ready."),
        status(404),
        ResponseTemplate::new(502),
    ]
}

fn of_owner(series: &str) -> bool {
    series.contains(r#"team="""#)
}

/// Checks that the owner's own figures are all there.
fn assert_owner_whole(flow: &Flow, scrape: &Scrape, what: &str) {
    let owners = |mut series: Series| {
        series.retain(|name, _| of_owner(name));
        series
    };
    let wrong = differences(&owners(flow.table().expected()), &owners(shown(scrape)));
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

fn count(asked: &[String], report: &str) -> usize {
    asked.iter().filter(|target| target.starts_with(report)).count()
}

#[tokio::test]
async fn an_old_day_whose_people_or_teams_are_gone_is_missing_and_the_others_are_read() {
    for answer in absent() {
        for (report, source) in [("/users-1-day", "activity"), ("/user-teams-1-day", "teams")] {
            let what = format!("{report}: {answer:?}");
            let flow = Flow::start(month(), today(), &[]).await;
            flow.until_whole("at first").await;
            let (gone, instead) = (format!("{report}?day={}", back(9)), answer.clone());
            flow.instead(move |asked| (asked == gone).then(|| instead.clone()));
            flow.table().days.get_mut(&back(9)).unwrap().active.insert(1000 - 1);
            for _ in 0..2 {
                let next = dawn(&flow);
                let (asked, scrape) = flow.pass(HOUR).await;
                assert!(asked.len() <= 1 + 2 * 2 + 2, "{what}: {asked:?}");
                let up = ["activity", "teams"].map(|of| state(&scrape, "up", of));
                assert_eq!(up, ["activity", "teams"].map(|of| f64::from(of != source)), "{what}");
                assert!(failures(&scrape, source, "not_found") > 0.0, "{what}");
                let day = format!(r#"day="{next}""#);
                let daily = "github_copilot_daily_active_users";
                flow.exporter.until(&what, |scrape| scrape.of(daily, &[&day]).count() == 3).await;
                let (asked, _) = flow.pass(HOUR).await;
                assert!(asked.len() <= 1 + 2 * 2, "{what}: {asked:?}");
            }
            flow.heal();
            flow.exporter.clock.advance(HOUR);
            flow.until_whole(&what).await;
            flow.exporter.stop().await;
        }
    }
}

#[tokio::test]
async fn while_the_teams_of_all_days_are_missing_few_are_asked_for_and_each_gets_its_turn() {
    for answer in absent() {
        let what = format!("{answer:?}");
        let mut table = month();
        let instead = answer.clone();
        table.instead = Box::new(move |asked| asked.starts_with("/user-teams").then(|| instead.clone()));
        let flow = Flow::start(table, today(), &[]).await;
        let scrape = flow.first().await;
        assert_owner_whole(&flow, &scrape, &what);
        let asked = flow.asked();
        assert!(count(&asked, "/user-teams-1-day") <= 10, "{what}: {asked:?}");
        assert_eq!(count(&asked, "/users-"), 1, "{what}: {asked:?}");
        // Only one day has come meanwhile, an old one.
        let (there, instead) = (back(20), answer);
        flow.instead(move |asked| {
            let wanted = asked.starts_with("/user-teams") && !asked.ends_with(&there.to_string());
            wanted.then(|| instead.clone())
        });
        let mut all = Vec::new();
        for _ in 0..12 {
            let (asked, scrape) = flow.pass(HOUR).await;
            assert!(asked.len() <= 1 + 2 * 7 + 2, "{what}: {asked:?}");
            assert_eq!(state(&scrape, "up", "teams"), 0.0, "{what}");
            all.extend(asked);
        }
        let scrape = flow.exporter.scrape().await;
        let day = format!(r#"day="{there}""#);
        assert_eq!(scrape.of("github_copilot_daily_active_users", &[&day]).count(), 3, "{what}: {all:?}");
        flow.heal();
        flow.exporter.clock.advance(HOUR);
        flow.until_whole(&what).await;
        flow.exporter.stop().await;
    }
}

#[tokio::test]
async fn a_month_of_people_that_never_comes_is_read_day_by_day() {
    let ok = || ResponseTemplate::new(200);
    let nobody_knows_when = ok().set_body_string(r#"{"user_id": 1}"#);
    let answers = absent().map(|answer| ("/users-28-day/latest", answer)).into_iter().chain([
        ("/files/users-28-day/latest?sig=SECRET", ok().set_body_string("{")),
        ("/files/users-28-day/latest?sig=SECRET", nobody_knows_when),
        ("/files/users-28-day/latest?sig=SECRET", ok()),
    ]);
    for (target, answer) in answers {
        let what = format!("{target}: {answer:?}");
        let mut table = month();
        table.instead = Box::new(move |asked| (asked == target).then(|| answer.clone()));
        let flow = Flow::start(table, today(), &[]).await;
        flow.first().await;
        for _ in 0..3 {
            flow.pass(HOUR).await;
        }
        flow.asked();
        flow.until_whole(&what).await;
        let (asked, scrape) = flow.pass(HOUR).await;
        assert_eq!(asked, ["/organization-28-day/latest"], "{what}");
        assert_eq!(state(&scrape, "up", "activity") + state(&scrape, "up", "teams"), 2.0, "{what}");
        assert_eq!(state(&scrape, "waiting", "activity"), 0.0, "{what}");
        flow.exporter.stop().await;
    }
}

#[tokio::test]
async fn teams_that_are_refused_for_days_cost_little_and_come_back_whole() {
    let mut table = month();
    table.instead = Box::new(|asked| asked.starts_with("/user-teams").then(|| status(403)));
    let flow = Flow::start(table, today(), &[]).await;
    flow.first().await;
    assert_eq!(flow.asked().len(), 3);
    for round in 0..6 {
        dawn(&flow);
        let (asked, scrape) = flow.pass(DAY).await;
        assert_owner_whole(&flow, &scrape, "teams refused");
        // The month, people of four days and the teams of one; on a slow machine repetitions, of one question each.
        assert!(asked.len() <= 1 + 4 + 1 + 3, "{asked:?}");
        assert_eq!(count(&asked, "/users-28"), 0, "{round}: {asked:?}");
        let (asked, _) = flow.pass(HOUR).await;
        assert!(asked.len() <= 1 + 2, "{asked:?}");
    }
    flow.heal();
    let (asked, _) = flow.pass(HOUR).await;
    assert_eq!((asked.len(), count(&asked, "/users-28")), (30, 1), "{asked:?}");
    flow.until_whole("teams again").await;
    flow.exporter.stop().await;
}

#[tokio::test]
async fn people_that_are_refused_for_days_cost_little_and_come_back_whole() {
    for begins_refused in [true, false] {
        let refused = |asked: &str| asked.starts_with("/users-").then(|| status(403));
        let flow = Flow::start(month(), today(), &[]).await;
        if !begins_refused {
            flow.until_whole("at first").await;
        }
        flow.instead(refused);
        flow.exporter.until_by(0, "tried", |scrape| state(scrape, "up", "teams") == 1.0).await;
        for _ in 0..6 {
            dawn(&flow);
            let (asked, scrape) = flow.pass(DAY).await;
            assert_eq!((state(&scrape, "up", "activity"), state(&scrape, "up", "teams")), (0.0, 1.0));
            assert!(asked.len() <= 1 + 2 * 2 + 2, "{asked:?}");
            let languages = [r#"team="""#, r#"editor="""#];
            assert_eq!(scrape.of("github_copilot_suggestions", &languages).count(), 0, "no languages here");
            let (asked, _) = flow.pass(HOUR).await;
            assert!(asked.len() <= 1 + 2, "{asked:?}");
        }
        flow.heal();
        let (asked, _) = flow.pass(HOUR).await;
        assert!(asked.len() <= 30, "{begins_refused}: {asked:?}");
        flow.until_whole("people again").await;
        flow.exporter.stop().await;
    }
}

#[tokio::test]
async fn teams_alone_are_read_without_the_owner_and_fail_with_the_words_of_everything_they_need() {
    let only = [("EXPORTER_SOURCES", "teams")];
    let flow = Flow::start(month(), today(), &only).await;
    let teams = |flow: &Flow| {
        let mut expected = flow.table().expected();
        expected.retain(|name, _| !of_owner(name));
        expected
    };
    let scrape = flow.first().await;
    assert_eq!(differences(&teams(&flow), &shown(&scrape)), [""; 0]);
    for (target, word) in
        [("/users-1", "forbidden"), ("/organization-28", "forbidden"), ("/user-teams", "forbidden")]
    {
        dawn(&flow);
        flow.instead(move |asked| asked.starts_with(target).then(|| status(403)));
        let (_, scrape) = flow.pass(DAY).await;
        assert_eq!(state(&scrape, "up", "teams"), 0.0, "{target}");
        assert!(failures(&scrape, "teams", word) > 0.0, "{target}");
        flow.heal();
        flow.exporter.clock.advance(HOUR);
        let scrape = flow.exporter.until(target, |scrape| state(scrape, "up", "teams") == 1.0).await;
        assert_eq!(differences(&teams(&flow), &shown(&scrape)), [""; 0], "{target}");
    }
    flow.instead(|asked| asked.starts_with("/organization-28").then(|| ResponseTemplate::new(204)));
    let (_, scrape) = flow.pass(HOUR).await;
    assert_eq!((state(&scrape, "up", "teams"), state(&scrape, "waiting", "teams")), (1.0, 1.0));
    flow.exporter.stop().await;
}

#[tokio::test]
async fn a_source_that_could_not_be_asked_is_not_up() {
    for code in [401, 403, 404, 429, 500] {
        for target in ["/organization-28-day/latest", "/users-28-day/latest"] {
            let about_owner = target.starts_with("/organization");
            if !about_owner && ![401, 429].contains(&code) {
                continue;
            }
            let mut table = month();
            table.instead = Box::new(move |asked| (asked == target).then(|| status(code)));
            let flow = Flow::start(table, today(), &[]).await;
            let scrape = flow.first().await;
            for source in ["activity", "teams"] {
                assert_eq!(state(&scrape, "up", source), 0.0, "{target} {code}: {source}");
            }
            let asked = flow.asked();
            // Of the two interfaces this one was chosen, so the other is not asked.
            assert_eq!(asked.len(), if about_owner { 1 } else { 2 }, "{target} {code}: {asked:?}");
            flow.heal();
            flow.until_whole("healed").await;
            flow.exporter.stop().await;
        }
    }
}

#[tokio::test]
async fn teams_are_followed_through_new_names_names_that_change_hands_and_days_without_them() {
    let flow = Flow::start(month(), today(), &[]).await;
    flow.until_whole("at first").await;
    type Change = fn(&mut Day);
    let steps: [(&str, Change); 7] = [
        ("renamed", |day| day.teams.get_mut(&1).unwrap().0 = "Crimson".into()),
        ("small", |day| drop(day.teams.remove(&1))),
        ("small for longer", |day| drop(day.teams.remove(&1))),
        ("back with other people", |day| {
            day.teams.insert(1, ("crimson".into(), (6..=12).collect()));
        }),
        ("a new team has an old name", |day| {
            day.teams.remove(&1);
            day.teams.insert(7, ("crimson".into(), (1..=5).collect()));
        }),
        ("two change names", |day| {
            day.teams.insert(7, ("blue".into(), (1..=5).collect()));
            day.teams.insert(2, ("crimson".into(), (5..=10).collect()));
            day.teams.remove(&1);
        }),
        ("none at all", |day| day.teams.clear()),
    ];
    for (what, change) in steps {
        let next = dawn(&flow);
        {
            let mut table = flow.table();
            // As names are shown.
            let day = table.days.get_mut(&next).unwrap();
            change(day);
            for (slug, _) in day.teams.values_mut() {
                *slug = slug.to_lowercase();
            }
        }
        let (asked, _) = flow.pass(DAY).await;
        assert!(asked.len() <= 9, "{what}: {asked:?}");
        flow.until_whole(what).await;
    }
    flow.exporter.stop().await;
}

#[tokio::test]
async fn an_old_day_that_is_revised_costs_two_questions() {
    let flow = Flow::start(month(), today(), &[]).await;
    flow.until_whole("at first").await;
    flow.table().days.get_mut(&back(15)).unwrap().active.extend([1, 5, 9, 30]);
    let (asked, _) = flow.pass(HOUR).await;
    let of_day = |report: &str| format!("/{report}-1-day?day={}", back(15));
    assert_eq!(asked, ["/organization-28-day/latest".to_owned(), of_day("users"), of_day("user-teams")]);
    flow.until_whole("revised").await;
    flow.exporter.stop().await;
}

#[tokio::test]
async fn days_that_are_filled_taken_back_or_wrong_are_followed() {
    let mut table = month();
    let gap: Vec<_> = (6..=10).filter_map(|days| table.days.remove_entry(&back(days))).collect();
    let flow = Flow::start(table, today(), &[]).await;
    flow.until_whole("a gap").await;
    flow.table().days.extend(gap);
    flow.pass(HOUR).await;
    flow.until_whole("no gap any more").await;

    // The report goes back by a week and returns: what was shown stays.
    let good = shown(&flow.exporter.scrape().await);
    flow.table().ends = back(7);
    let (asked, scrape) = flow.pass(HOUR).await;
    assert!(asked.len() <= 30, "{asked:?}");
    let left: Vec<_> =
        good.iter().filter(|(name, number)| shown(&scrape).get(*name) != Some(number)).collect();
    assert_eq!(left, [] as [(&String, &f64); 0]);
    flow.table().ends = newest();
    flow.pass(HOUR).await;
    flow.until_whole("back again").await;

    // A day that has not begun.
    let future: NaiveDate = "2031-01-01".parse().unwrap();
    flow.table().days.insert(future, day_of(future));
    let before = std::mem::replace(&mut flow.table().ends, future);
    flow.pass(HOUR).await;
    flow.table().days.remove(&future);
    flow.table().ends = before;
    flow.pass(HOUR).await;
    let scrape = flow.until_whole("the future was a mistake").await;
    let targets = |of: &str| scrape.sum("github_copilot_exporter_targets", &[r#"source="teams""#, of]);
    assert_eq!((targets(r#"state="ok""#), targets(r#"state="no_data""#)), (2.0, 0.0));
    let next = dawn(&flow);
    flow.table().days.get_mut(&next).unwrap().teams.get_mut(&1).unwrap().0 = "crimson".into();
    flow.pass(DAY).await;
    flow.until_whole("life goes on").await;
    flow.exporter.stop().await;
}

#[tokio::test]
async fn a_limit_in_the_middle_of_a_start_stops_it_and_it_goes_on_where_it_was() {
    for (tenth, headers) in [("/user-teams-1-day", true), ("/user-teams-1-day", false)] {
        let mut table = month();
        let stopped_at = back(10).to_string();
        table.instead = Box::new(move |asked| {
            let limit =
                ResponseTemplate::new(if headers { 403 } else { 429 }).insert_header("retry-after", "600");
            (asked.starts_with(tenth) && asked.ends_with(&stopped_at)).then_some(limit)
        });
        let flow = Flow::start(table, today(), &[]).await;
        let scrape = flow.first().await;
        assert_owner_whole(&flow, &scrape, "limited");
        assert_eq!(failures(&scrape, "teams", "rate_limited"), 1.0);
        assert_eq!(flow.asked().len(), 2 + 11);
        flow.heal();
        flow.exporter.clock.advance(300);
        for _ in 0..200 {
            flow.exporter.clock.advance(1);
            flow.exporter.scrape().await;
        }
        assert_eq!(flow.asked(), [""; 0], "before GitHub allows it");
        flow.until_whole("afterwards").await;
        assert_eq!(flow.asked().len(), 18 + 1, "the other days, and the people of the month again");
        flow.exporter.stop().await;
    }
}

#[tokio::test]
async fn a_month_that_ends_with_a_weekend_without_data_has_monthly_people() {
    // Sunday is the last day, and on neither it nor any Saturday or Sunday before there was anything.
    let sunday: NaiveDate = "2026-11-15".parse().unwrap();
    let mut table = Table::of(days(sunday, 40));
    table.days.retain(|day, _| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    let flow = Flow::start(table, sunday + Days::new(3), &[]).await;
    flow.first().await;
    let scrape = flow.until_whole("the weekend").await;
    assert_eq!(state(&scrape, "up", "activity") + state(&scrape, "up", "teams"), 2.0);
    // The month, its people and the teams of twenty days; two days before it, of which one had people.
    let asked = flow.asked();
    assert!(asked.len() <= 1 + 1 + 20 + 2 + 2 * 2, "{asked:?}");
    let (asked, _) = flow.pass(HOUR).await;
    assert_eq!(asked, ["/organization-28-day/latest"]);
    flow.exporter.stop().await;
}

#[tokio::test]
async fn days_beyond_a_month_that_lags_come_one_more_with_every_refresh() {
    let mut table = Table::of(days(newest(), 40));
    table.ends = back(5);
    let flow = Flow::start(table, newest() + Days::new(2), &[]).await;
    flow.first().await;
    for _ in 0..4 {
        flow.pass(HOUR).await;
    }
    for _ in 0..40 {
        let (asked, _) = flow.pass(DAY).await;
        assert!(asked.len() <= 2 + 2 * 5, "{asked:?}");
        let mut table = flow.table();
        let next = *table.days.last_key_value().unwrap().0 + Days::new(1);
        table.days.insert(next, day_of(next));
    }
    let last = *flow.table().days.last_key_value().unwrap().0;
    let (_, scrape) = flow.pass(DAY).await;
    assert_eq!(state(&scrape, "up", "activity") + state(&scrape, "up", "teams"), 2.0);
    flow.table().ends = last;
    flow.pass(HOUR).await;
    flow.until_whole("the month has caught up").await;
    flow.exporter.stop().await;
}

#[tokio::test]
async fn months_of_days_go_by_and_every_one_is_right() {
    let flow = Flow::start(month(), today(), &[("EXPORTER_SETTLE_DAYS", "0")]).await;
    flow.until_whole("at first").await;
    for round in 0..70 {
        let next = dawn(&flow);
        if round % 5 == 0 {
            flow.table().days.get_mut(&next).unwrap().active.clear();
        }
        let (asked, _) = flow.pass(DAY).await;
        assert!(asked.len() <= 1 + 2 * 4, "{asked:?}");
        if round % 7 == 0 {
            flow.until_whole(&next.to_string()).await;
        }
    }
    flow.exporter.stop().await;
}

#[tokio::test]
async fn days_that_are_not_there_or_fail_do_not_keep_others_waiting() {
    let mut table = month();
    // The newest three are not there yet, four in a row behind them are lost, and of three more the files are broken.
    let gone: Vec<_> = [0, 1, 2, 5, 6, 7, 8].map(|days| format!("/users-1-day?day={}", back(days))).into();
    let broken: Vec<_> = (10..13).map(|days| format!("/files/users-1-day--{}", back(days))).collect();
    table.instead = Box::new(move |asked| {
        let is = |all: &[String]| all.iter().any(|one| asked.starts_with(&**one));
        let garbage = || ResponseTemplate::new(200).set_body_string("{]");
        let gone = (asked == "/users-28-day/latest" || is(&gone)).then(|| status(502));
        gone.or_else(|| is(&broken).then(garbage))
    });
    let flow = Flow::start(table, today() - Days::new(1), &[]).await;
    flow.first().await;
    let daily = [r#"team="red""#];
    let of_team = "github_copilot_daily_active_users";
    let others = |scrape: &Scrape| scrape.of(of_team, &daily).count() == 28 - 3 - 4 - 3;
    for _ in 0..8 {
        let (asked, _) = flow.pass(HOUR).await;
        assert!(asked.len() <= 2 + 2 * 28, "{asked:?}");
    }
    flow.exporter.until("the others", others).await;
    let (asked, _) = flow.pass(HOUR).await;
    assert!(asked.len() <= 2 + 2 * 2 * 6, "{asked:?}");
    flow.heal();
    flow.exporter.clock.advance(HOUR);
    flow.until_whole("everything").await;
    flow.exporter.stop().await;
}

#[tokio::test]
async fn files_that_break_off_or_whose_links_expire_are_never_counted_twice_nor_half() {
    let small = Options { orgs: 1, teams: 4, users: 40, shards: 3, ..live() };
    let simulator = Simulator::start(small).await.unwrap();
    let strike = |path: &str, every, kind| Fault { path: path.into(), every, first: Some(150), kind };
    simulator.set_faults(vec![
        strike("/files/*users-28-day*", 2, FaultKind::Expired),
        strike("/files/*", 5, FaultKind::Cut),
        strike("/files/*", 7, FaultKind::Expired),
        strike("/files/*", 11, FaultKind::Html),
    ]);
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let expected = Truth::new(simulator.world(), crate::people::newest(noon())).everything();
    let patience = Patience::new();
    loop {
        let series = data(&exporter.scrape().await);
        let daily = series.iter().filter(|(name, _)| name.contains(",day="));
        let wrong: Vec<_> = daily.filter(|(name, number)| expected.get(*name) != Some(*number)).collect();
        assert_eq!(wrong, [] as [(&String, &f64); 0]);
        if differences(&expected, &series).is_empty() {
            break;
        }
        patience.check(&format!("{:?}", differences(&expected, &series).iter().take(9).collect::<Vec<_>>()));
        exporter.clock.pass(10);
    }
    exporter.stop().await;
}

#[tokio::test]
async fn a_weekend_without_data_does_not_hide_the_days_behind_it_while_the_month_lags() {
    // The month ends on Friday the 13th; nobody was reported until Monday the 16th.
    let options = Options { orgs: 1, teams: 3, users: 30, latest_lag: 4, quiet_weekends: true, ..live() };
    let simulator = Simulator::start(options).await.unwrap();
    let exporter = watch(&simulator, &ManualClock::starting(NOON), &[REPORTS]).await;
    let tuesday = 1_794_873_600.0;
    let day = |scrape: &Scrape| scrape.sum("github_copilot_day_timestamp_seconds", &[r#"team="""#]);
    let patience = Patience::new();
    while day(&exporter.scrape().await) != 2.0 * tuesday {
        patience.check("Tuesday");
        exporter.clock.pass(600);
    }
    let scrape = exporter.until("all sources up", |scrape| all_up(scrape, 2)).await;
    assert!(
        scrape.of("github_copilot_active_users", &[]).count() > 0,
        "what people did on that day is read as well"
    );
    exporter.stop().await;
}
