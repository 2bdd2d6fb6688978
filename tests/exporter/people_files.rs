//! The truth about people against the files that GitHub gives: joined by hand, they say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{Entity, Kind, Options, Simulator};
use serde_json::Value;

use crate::{
    company::noon,
    people::{differences, live, newest},
    people_truth::{Series, Truth, labels, owners, window},
    simulator_client::Client,
};

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap()
}

fn elements<'v>(row: &'v Value, array: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    row[array].as_array().unwrap().iter()
}

/// The sum of a counter over these rows and the features that fit.
fn sum(rows: &[&Value], field: &str, fits: fn(&str) -> bool) -> u64 {
    let elements = rows.iter().flat_map(|row| elements(row, "totals_by_feature"));
    let fitting = elements.filter(|element| fits(element["feature"].as_str().unwrap()));
    fitting.map(|element| number(element, field)).sum()
}

fn is_completion(feature: &str) -> bool {
    feature == "code_completion"
}

fn is_chat(feature: &str) -> bool {
    feature == "chat_inline" || feature.starts_with("chat_panel_")
}

/// The totals of a team whose members have these rows.
fn totals(rows: &[&Value]) -> [(&'static str, u64); 8] {
    let chats = |row: &&&Value| sum(&[**row], "user_initiated_interaction_count", is_chat) > 0;
    [
        ("suggestions", sum(rows, "code_generation_activity_count", is_completion)),
        ("acceptances", sum(rows, "code_acceptance_activity_count", is_completion)),
        ("lines_suggested", sum(rows, "loc_suggested_to_add_sum", is_completion)),
        ("lines_accepted", sum(rows, "loc_added_sum", is_completion)),
        ("chat_turns", sum(rows, "user_initiated_interaction_count", is_chat)),
        ("chat_acceptances", sum(rows, "code_acceptance_activity_count", is_chat)),
        ("active_users", rows.len() as u64),
        ("active_chat_users", rows.iter().filter(chats).count() as u64),
    ]
}

/// Suggestions and people by language and editor, from these rows.
fn breakdown(scope: &str, rows: &[&Value]) -> Series {
    let (mut shown, mut people): (BTreeMap<_, u64>, BTreeMap<_, BTreeSet<u64>>) = Default::default();
    for row in rows {
        let generating = |element: &&Value| number(element, "code_generation_activity_count") > 0;
        let ides: Vec<_> = elements(row, "totals_by_ide").filter(generating).collect();
        let editor = match ides[..] {
            [] => "unknown",
            [only] => only["ide"].as_str().unwrap(),
            _ => "multiple",
        };
        let languages = elements(row, "totals_by_language_feature");
        for element in languages.filter(|element| is_completion(element["feature"].as_str().unwrap())) {
            let language = element["language"].as_str().unwrap();
            let language =
                language.replace("c#", "csharp").replace("c++", "cpp").replace("shellscript", "shell");
            let labels = format!(r#"{{{scope},language="{language}",editor="{editor}"}}"#);
            *shown.entry(labels.clone()).or_default() += number(element, "code_generation_activity_count");
            people.entry(labels).or_default().insert(number(row, "user_id"));
        }
    }
    let shown =
        shown.into_iter().map(|(labels, count)| (format!("github_copilot_suggestions{labels}"), count));
    let people = people
        .into_iter()
        .map(|(labels, people)| (format!("github_copilot_active_users{labels}"), people.len() as u64));
    shown.chain(people).map(|(series, count)| (series, count as f64)).collect()
}

/// The rows of both reports about one day.
pub async fn files(client: &Client, entity: &Entity, day: NaiveDate) -> [Vec<Value>; 2] {
    let kind = if entity.kind == Kind::Organisation { "orgs" } else { "enterprises" };
    let reports = format!("/{kind}/{}/copilot/metrics/reports", entity.login);
    [
        client.records(&format!("{reports}/users-1-day?day={day}")).await,
        client.records(&format!("{reports}/user-teams-1-day?day={day}")).await,
    ]
}

/// The series that the files of one day give in a hand's turn.
fn joined(entity: &Entity, [users, user_teams]: &[Vec<Value>; 2]) -> Series {
    let mut series = Series::new();
    let of_all: Vec<&Value> = users.iter().collect();
    series.extend(breakdown(&labels(entity, None), &of_all));
    let listed: BTreeSet<u64> = user_teams.iter().map(|row| number(row, "user_id")).collect();
    let unlisted = users.iter().filter(|row| !listed.contains(&number(row, "user_id"))).count();
    let name = format!("github_copilot_unlisted_team_active_users{{{}}}", labels(entity, None));
    series.insert(name, unlisted as f64);
    for team in &entity.teams {
        let rows = user_teams.iter().filter(|row| number(row, "team_id") == team.id);
        let members: BTreeSet<u64> = rows.map(|row| number(row, "user_id")).collect();
        if members.is_empty() {
            continue;
        }
        let scope = labels(entity, Some(team));
        let active: Vec<_> = users.iter().filter(|row| members.contains(&number(row, "user_id"))).collect();
        for (name, count) in totals(&active) {
            series.insert(format!("github_copilot_total_{name}{{{scope}}}"), count as f64);
        }
        series.insert(format!("github_copilot_team_seated_users{{{scope}}}"), members.len() as f64);
        series.extend(breakdown(&scope, &active));
    }
    series
}

#[tokio::test]
async fn the_files_of_a_day_joined_by_hand_say_what_people_did() {
    let client = Client::start(Options { late: true, ..live() }).await;
    let simulator: &Simulator = &client.simulator;
    let published = newest(noon());
    for back in [0, 1, 2, 4] {
        let shown = published - Days::new(back);
        let truth = Truth { shown, late: true, ..Truth::new(simulator.world(), published) };
        for entity in owners(simulator.world()) {
            let joined = joined(entity, &files(&client, entity, shown).await);
            let mut expected = truth.of(entity);
            let files_tell = |series: &String| {
                joined.contains_key(series) || {
                    let of_team = !series.contains(r#"team="""#);
                    let name = series.split('{').next().unwrap_or_default();
                    ["github_copilot_suggestions", "github_copilot_active_users"].contains(&name)
                        || (of_team && (name.contains("_total_") || name.contains("_seated_")))
                }
            };
            expected.retain(|series, _| files_tell(series));
            let wrong = differences(&expected, &joined);
            assert!(wrong.is_empty(), "{shown}: {wrong:#?}");
            assert!(joined.len() > 30, "{shown}: {}", joined.len());
        }
    }
}

#[tokio::test]
async fn the_files_of_a_month_joined_by_hand_count_everybody_once() {
    let client = Client::start(live()).await;
    let published = newest(noon());
    let expected = Truth::new(client.world(), published).everything();
    for entity in owners(client.world()) {
        let mut users: BTreeMap<(u64, &str), BTreeSet<u64>> = BTreeMap::new();
        let mut listed = BTreeSet::new();
        for day in window(published, 28) {
            let [active, user_teams] = files(&client, entity, day).await;
            let active: BTreeSet<u64> = active.iter().map(|row| number(row, "user_id")).collect();
            listed = user_teams.iter().map(|row| number(row, "team_id")).collect();
            let seen = user_teams.iter().filter(|row| active.contains(&number(row, "user_id")));
            for (team, user) in seen.map(|row| (number(row, "team_id"), number(row, "user_id"))) {
                users.entry((team, "monthly")).or_default().insert(user);
                if published - day < chrono::TimeDelta::days(7) {
                    users.entry((team, "weekly")).or_default().insert(user);
                }
            }
        }
        assert!(listed.len() > 2, "{listed:?}");
        for (team, word) in
            entity.teams.iter().flat_map(|team| ["weekly", "monthly"].map(|word| (team, word)))
        {
            let series = format!("github_copilot_{word}_active_users{{{}}}", labels(entity, Some(team)));
            let counted = users.get(&(team.id, word)).map_or(0, BTreeSet::len) as f64;
            assert_eq!(
                expected.get(&series).copied(),
                listed.contains(&team.id).then_some(counted),
                "{series}"
            );
        }
    }
}
