//! What reports know beside deeds: agents, reviews, pull requests, versions, and who is engaged.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{Feature, Options, Person, Signals};
use serde_json::{Value, json};

use crate::client::{Client, options};
use crate::report_truth::signal_truth::{median, reported};

const ORG: &str = "/orgs/octo-retail/copilot/metrics/reports";
const ENTERPRISE: &str = "/enterprises/octo-group/copilot/metrics/reports";

fn newest() -> NaiveDate {
    "2026-11-17".parse().unwrap()
}

fn month() -> Vec<NaiveDate> {
    (newest() - Days::new(27)).iter_days().take(28).collect()
}

#[tokio::test]
async fn a_month_has_every_kind_of_signal() {
    let client = Client::start(options()).await;
    let wrapper = client.records(&format!("{ENTERPRISE}/enterprise-28-day/latest")).await.remove(0);
    let last = wrapper["day_totals"].as_array().unwrap().last().unwrap();
    for span in ["daily", "weekly", "monthly"] {
        for kind in [
            "active_cli",
            "active_copilot_app",
            "active_vscode_agent",
            "active_copilot_cloud_agent",
            "active_copilot_code_review",
            "passive_copilot_code_review",
        ] {
            let name = format!("{span}_{kind}_users");
            assert!(last[&name].as_u64().unwrap() > 0, "{name} of {last}");
        }
    }
    for field in ["skill", "custom_agent", "mcp", "slash_cmd", "plugin"] {
        let (top, all) = (&last[format!("totals_by_{field}")], &last[format!("distinct_{field}_use_count")]);
        let length = top.as_array().unwrap().len();
        assert!(0 < length && length <= 5 && length as u64 <= all.as_u64().unwrap(), "{top}, {all}");
    }
    assert!(last["totals_by_3rd_party_agent"].as_array().unwrap().len() >= 2);
    assert!(last["totals_by_vscode_agent"]["session_count"].is_u64());
    assert!(last["totals_by_copilot_app"]["token_usage"]["output_tokens_sum"].is_u64());
    let pulls = &last["pull_requests"];
    for field in ["median_minutes_to_merge", "total_merged_created_by_copilot", "total_applied_suggestions"] {
        assert!(pulls[field].as_f64().unwrap() > 0.0, "{field} of {pulls}");
    }
    assert_eq!(pulls["copilot_suggestions_by_comment_type"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_app_counts_as_use_and_not_as_an_editor() {
    let client = Client::start(options()).await;
    let rows = client.records(&format!("{ENTERPRISE}/users-28-day/latest")).await;
    let with_app: Vec<_> = rows.iter().filter(|row| row["used_copilot_app"] == true).collect();
    assert!(!with_app.is_empty() && with_app.len() < rows.len() / 5);
    for row in with_app {
        let element = |array: &str, key: &str| {
            row[array].as_array().unwrap().iter().any(|element| element[key] == "copilot_app")
        };
        assert!(element("totals_by_feature", "feature") && element("totals_by_model_feature", "feature"));
        assert!(!element("totals_by_ide", "ide"));
        assert!(row["totals_by_copilot_app"]["prompt_count"].as_u64().unwrap() > 0);
        assert!(row["totals_by_copilot_app"].get("last_known_cli_version").is_none());
        assert!(row["ai_credits_used"].as_f64().unwrap() > 0.0);
    }
}

#[tokio::test]
async fn rows_of_users_name_the_versions_they_have() {
    let client = Client::start(options()).await;
    let rows = client.records(&format!("{ORG}/users-1-day?day=2026-11-17")).await;
    let (mut ides, mut clis) = (BTreeSet::new(), BTreeSet::new());
    for row in &rows {
        let person = client.world().people().iter().find(|person| row["user_id"] == person.id).unwrap();
        let sampled = client.world().acted_at(person, newest()).format("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        for ide in row["totals_by_ide"].as_array().unwrap() {
            let (version, plugin) = (&ide["last_known_ide_version"], &ide["last_known_plugin_version"]);
            assert_eq!((&version["sampled_at"], &plugin["sampled_at"]), (&json!(sampled), &json!(sampled)));
            ides.insert((ide["ide"].as_str().unwrap(), version["ide_version"].as_str().unwrap()));
            assert!(plugin["plugin"].is_string() && plugin["plugin_version"].is_string(), "{plugin}");
        }
        if let Some(cli) = row.get("totals_by_cli") {
            assert_eq!(cli["last_known_cli_version"]["sampled_at"], sampled);
            clis.insert(cli["last_known_cli_version"]["cli_version"].as_str().unwrap());
        }
    }
    assert!(ides.contains(&("vscode", "1.140.1")) && clis.contains("1.0.90"), "{ides:?}, {clis:?}");
    let record = client.records(&format!("{ORG}/organization-1-day?day=2026-11-17")).await.remove(0);
    assert!(!record.to_string().contains("last_known"), "versions are those of people");
}

#[tokio::test]
async fn people_without_telemetry_have_the_signals_that_the_service_sees() {
    let client = Client::start(Options { users: 1_500, ..options() }).await;
    let rows = client.records(&format!("{ENTERPRISE}/users-1-day?day=2026-11-17")).await;
    let mut seen = BTreeMap::from([("cloud", 0), ("review", 0), ("window", 0), ("jobs", 0)]);
    for row in &rows {
        let person = client.world().people().iter().find(|person| row["user_id"] == person.id).unwrap();
        if !person.telemetry {
            *seen.get_mut("cloud").unwrap() += i32::from(row["used_copilot_cloud_agent"] == true);
            *seen.get_mut("review").unwrap() += i32::from(row["used_copilot_code_review_active"] == true);
            *seen.get_mut("jobs").unwrap() += i32::from(row["totals_by_3rd_party_agent"] != json!([]));
            *seen.get_mut("window").unwrap() += i32::from(row["used_vscode_agent"] == true);
        }
    }
    assert!(seen["cloud"] > 0 && seen["review"] > 0 && seen["jobs"] > 0 && seen["window"] == 0, "{seen:?}");
}

#[tokio::test]
async fn pull_requests_of_a_phase_are_those_of_its_people() {
    let client = Client::start(options()).await;
    let record = client.records(&format!("{ENTERPRISE}/enterprise-1-day?day=2026-11-17")).await.remove(0);
    let rows = client.records(&format!("{ENTERPRISE}/users-1-day?day=2026-11-17")).await;
    let mut merges = 0;
    for phase in record["totals_by_ai_adoption_phase"].as_array().unwrap() {
        let is_in = |row: &&Value| row["ai_adoption_phase"]["phase_number"] == phase["phase_number"];
        let signals: Vec<Signals> = rows
            .iter()
            .filter(is_in)
            .map(|row| client.world().people().iter().find(|person| row["user_id"] == person.id).unwrap())
            .map(|person| client.world().signals(person, newest()))
            .collect();
        let average = |count: &dyn Fn(&Signals) -> usize| {
            signals.iter().map(count).sum::<usize>() as f64 / signals.len().max(1) as f64
        };
        let close = |field: &str, expected: f64| {
            let said = phase[field].as_f64().unwrap();
            assert!((said - expected).abs() <= 0.005 + 1e-9, "{field}: {said} instead of {expected}");
        };
        let merged: usize = signals.iter().map(|signals| signals.pull_requests.merged.len()).sum();
        assert_eq!(phase["total_pull_requests_merged"], merged);
        close("avg_pull_requests_merged", average(&|signals| signals.pull_requests.merged.len()));
        close(
            "avg_pull_requests_created",
            average(&|signals| signals.pull_requests.created.try_into().unwrap()),
        );
        close(
            "avg_pull_requests_reviewed",
            average(&|signals| signals.pull_requests.reviewed.try_into().unwrap()),
        );
        let medians: Vec<f64> =
            signals.iter().filter_map(|signals| median(&signals.pull_requests.merged)).collect();
        let field = "avg_pull_requests_median_minutes_to_merge";
        if medians.is_empty() {
            assert_eq!(phase.get(field), None);
        } else {
            close(field, medians.iter().sum::<f64>() / medians.len() as f64);
        }
        merges += merged;
    }
    assert!(merges > 0 && record["pull_requests"]["total_merged"] == merges);
}

#[tokio::test]
async fn engaged_is_who_uses_a_feature_on_two_days_of_28() {
    let client = Client::start(options()).await;
    let world = client.world();
    for (path, owner) in [
        (format!("{ORG}/organization-28-day/latest"), &world.orgs()[0]),
        (format!("{ENTERPRISE}/enterprise-28-day/latest"), world.enterprise()),
    ] {
        let wrapper = client.records(&path).await.remove(0);
        let engagement = &wrapper["copilot_feature_engagement"];
        let last = wrapper["day_totals"].as_array().unwrap().last().unwrap();
        assert_eq!(engagement["active_user_count"], last["monthly_active_users"]);
        let does = |feature: &str, person: &Person, day: NaiveDate| {
            let signals = reported(world, person, day);
            let told = |feature: Feature| {
                person.telemetry && world.deeds(person, day).iter().any(|deed| deed.feature == feature)
            };
            match feature {
                "code_completion" => told(Feature::CodeCompletion),
                "agent_edit" => told(Feature::AgentEdit),
                "copilot_cli" => told(Feature::CopilotCli),
                "copilot_app" => told(Feature::CopilotApp),
                "copilot_cloud_agent" => signals.cloud_agent,
                "copilot_code_review_active" => signals.review_active,
                "copilot_code_review_passive" => signals.review_passive,
                other => panic!("{other}"),
            }
        };
        let rows = engagement["totals_by_feature"].as_array().unwrap();
        assert_eq!(rows.len(), 7);
        for row in rows {
            let feature = row["feature"].as_str().unwrap();
            let engaged = world
                .people_of(owner)
                .filter(|person| month().into_iter().filter(|day| does(feature, person, *day)).count() >= 2);
            assert_eq!(row["engaged_user_count"], engaged.count(), "{feature}");
        }
    }
}

#[tokio::test]
async fn a_day_without_anybody_has_no_medians() {
    let client = Client::start(Options { orgs: 1, teams: 0, users: 0, ..options() }).await;
    let record = client.records(&format!("{ORG}/organization-1-day?day=2026-11-17")).await.remove(0);
    let pulls = record["pull_requests"].as_object().unwrap();
    assert!(pulls.keys().all(|name| !name.starts_with("median")), "{pulls:?}");
    assert_eq!(pulls["total_merged"], 0);
    for absent in
        ["totals_by_vscode_agent", "totals_by_copilot_app", "totals_by_skill", "daily_active_cli_users"]
    {
        assert_eq!(record.get(absent), None, "{absent}");
    }
    assert_eq!(record["daily_active_copilot_cloud_agent_users"], 0);
}
