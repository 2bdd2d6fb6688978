//! The reports: what their envelopes and files say, against the people themselves.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate, TimeDelta};
use github_copilot_exporter::simulator::{Api, Entity, Kind, Options};
use serde_json::{Value, json};

use crate::client::{Client, header, noon, options, with_tokens};
use crate::report_truth::{self as truth, sorted, without_fancy};

const ORG: &str = "/orgs/octo-retail/copilot/metrics/reports";
const ENTERPRISE: &str = "/enterprises/octo-group/copilot/metrics/reports";

/// The newest day published at noon.
fn newest() -> NaiveDate {
    "2026-11-17".parse().unwrap()
}

/// The 28 days up to the newest.
fn month() -> Vec<NaiveDate> {
    (newest() - Days::new(27)).iter_days().take(28).collect()
}

fn base(owner: &Entity) -> String {
    let list = if owner.kind == Kind::Enterprise { "enterprises" } else { "orgs" };
    format!("/{list}/{}/copilot/metrics/reports", owner.login)
}

/// What the entity reports of an owner are called.
fn own(owner: &Entity) -> &'static str {
    if owner.kind == Kind::Enterprise { "enterprise" } else { "organization" }
}

fn owners(client: &Client) -> impl Iterator<Item = &Entity> {
    client.world().orgs().iter().chain([client.world().enterprise()])
}

fn plain(records: Vec<Value>) -> Vec<Value> {
    sorted(records.into_iter().map(without_fancy).collect())
}

#[tokio::test]
async fn a_day_of_an_owner_is_the_sum_of_its_people() {
    let client = Client::start(options()).await;
    for owner in owners(&client) {
        for day in ["2026-11-17", "2026-11-14", "2026-06-10"] {
            let path = format!("{}/{}-1-day?day={day}", base(owner), own(owner));
            let expected = truth::entity(client.world(), owner, day.parse().unwrap());
            assert_eq!(plain(client.records(&path).await), sorted(vec![expected]), "{path}");
        }
    }
}

#[tokio::test]
async fn any_company_adds_up() {
    for (seed, (orgs, teams, users)) in
        [(1, 0, 1), (1, 3, 25), (4, 9, 60), (7, 2, 40)].into_iter().enumerate()
    {
        let client = Client::start(Options { orgs, teams, users, seed: seed as u64, ..options() }).await;
        let world = client.world();
        for owner in owners(&client) {
            let day = newest() - Days::new(3 * seed as u64);
            let path = |report: &str| format!("{}/{report}?day={day}", base(owner));
            let record = client.records(&path(&format!("{}-1-day", own(owner)))).await;
            assert_eq!(plain(record), sorted(vec![truth::entity(world, owner, day)]));
            let rows = client.records(&path("users-1-day")).await;
            assert_eq!(plain(rows), sorted(truth::users(world, owner, day)));
            let rows = client.records(&path("user-teams-1-day")).await;
            assert_eq!(sorted(rows), sorted(truth::user_teams(world, owner, day)));
        }
    }
}

#[tokio::test]
async fn the_users_of_a_day_are_the_people_who_did_something_in_whatever_file() {
    for shards in [1, 2, 7] {
        let client = Client::start(Options { shards, ..options() }).await;
        for owner in owners(&client) {
            let files = client.files(&format!("{}/users-1-day?day=2026-11-17", base(owner))).await;
            assert_eq!(files.len(), shards);
            assert!(files.iter().all(|rows| !rows.is_empty()), "{shards} files");
            let expected = truth::users(client.world(), owner, newest());
            assert!(expected.len() > 50);
            assert_eq!(plain(files.concat()), sorted(expected), "{}", owner.login);
        }
    }
}

#[tokio::test]
async fn user_teams_list_everybody_with_a_licence_in_teams_of_five() {
    let client = Client::start(Options { shards: 3, ..options() }).await;
    for owner in owners(&client) {
        for day in ["2026-11-17", "2026-10-26"] {
            let rows = client.records(&format!("{}/user-teams-1-day?day={day}", base(owner))).await;
            let expected = truth::user_teams(client.world(), owner, day.parse().unwrap());
            let teams: BTreeSet<_> = rows.iter().map(|row| row["team_id"].as_u64().unwrap()).collect();
            assert!(!teams.is_empty());
            if owner.kind == Kind::Organisation {
                assert!(teams.len() < owner.teams.len(), "no team is too small to be listed");
            }
            assert_eq!(sorted(rows), sorted(expected), "{} on {day}", owner.login);
        }
    }
}

#[tokio::test]
async fn the_28_day_report_of_an_owner_wraps_the_records_of_its_days() {
    let client = Client::start(options()).await;
    for owner in owners(&client) {
        let files = client.files(&format!("{}/{}-28-day/latest", base(owner), own(owner))).await;
        let [wrapper] = &files.concat()[..] else { panic!("{} files", files.len()) };
        assert_eq!(wrapper["report_start_day"], "2026-10-21");
        assert_eq!(wrapper["report_end_day"], "2026-11-17");
        assert_eq!(wrapper["enterprise_id"], client.world().enterprise().id.to_string());
        assert_eq!(wrapper.get("organization_id").is_some(), owner.kind == Kind::Organisation);
        let mut days = Vec::new();
        for day in month() {
            let path = format!("{}/{}-1-day?day={day}", base(owner), own(owner));
            days.extend(client.records(&path).await);
        }
        assert_eq!(*wrapper["day_totals"].as_array().unwrap(), days);
    }
}

#[tokio::test]
async fn the_28_day_report_of_users_repeats_their_days_in_files_split_by_time() {
    let client = Client::start(Options { shards: 4, ..options() }).await;
    let files = client.files(&format!("{ORG}/users-28-day/latest")).await;
    let mut seen = BTreeSet::new();
    for (index, rows) in files.iter().enumerate() {
        let days: BTreeSet<_> = rows.iter().map(|row| row["day"].as_str().unwrap()).collect();
        assert!(days.len() <= 7 && days.is_disjoint(&seen), "file {index}");
        seen.extend(days);
    }
    let of_first: Vec<_> =
        files.iter().filter(|rows| rows.iter().any(|row| row["user_id"] == files[0][0]["user_id"])).collect();
    assert_eq!(of_first.len(), 4, "somebody active is in every file");
    let mut rows = files.concat();
    for row in &mut rows {
        let fields = row.as_object_mut().unwrap();
        assert_eq!(fields.remove("report_start_day"), Some(json!("2026-10-21")));
        assert_eq!(fields.remove("report_end_day"), Some(json!("2026-11-17")));
    }
    let mut days = Vec::new();
    for day in month() {
        days.extend(client.records(&format!("{ORG}/users-1-day?day={day}")).await);
    }
    assert_eq!(rows, days);
}

#[tokio::test]
async fn weekly_and_monthly_users_are_distinct_people() {
    let client = Client::start(options()).await;
    let rows = client.records(&format!("{ENTERPRISE}/users-28-day/latest")).await;
    let record = &client.records(&format!("{ENTERPRISE}/enterprise-1-day?day=2026-11-17")).await[0];
    let users = |since: &str, used: Option<&str>| {
        let those = rows.iter().filter(|row| row["day"].as_str().unwrap() >= since);
        let those = those.filter(|row| used.is_none_or(|used| row[used] == true));
        those.map(|row| row["user_id"].as_u64().unwrap()).collect::<BTreeSet<_>>().len()
    };
    assert_eq!(record["daily_active_users"], users("2026-11-17", None));
    assert_eq!(record["weekly_active_users"], users("2026-11-11", None));
    assert_eq!(record["monthly_active_users"], users("2026-10-21", None));
    assert_eq!(record["monthly_active_chat_users"], users("2026-10-21", Some("used_chat")));
    assert_eq!(record["monthly_active_agent_users"], users("2026-10-21", Some("used_agent")));
    assert!(users("2026-11-17", None) < users("2026-11-11", None));
}

#[tokio::test]
async fn the_enterprise_counts_members_of_two_organisations_once() {
    let client = Client::start(options()).await;
    let ids = |rows: Vec<Value>| rows.iter().map(|row| row["user_id"].as_u64().unwrap()).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for org in client.world().orgs() {
        parts.extend(ids(client.records(&format!("{}/users-1-day?day=2026-11-17", base(org))).await));
    }
    let mut whole = ids(client.records(&format!("{ENTERPRISE}/users-1-day?day=2026-11-17")).await);
    assert!(parts.len() > whole.len(), "nobody is in two organisations");
    whole.sort_unstable();
    parts.sort_unstable();
    parts.dedup();
    assert_eq!(parts, whole);
}

#[tokio::test]
async fn people_without_telemetry_are_active_users_without_numbers() {
    let client = Client::start(options()).await;
    let world = client.world();
    let silent: BTreeSet<_> =
        world.people().iter().filter(|person| !person.telemetry).map(|person| person.id).collect();
    let rows = client.records(&format!("{ENTERPRISE}/users-28-day/latest")).await;
    let (mut quiet, mut told) = (0, 0);
    for row in &rows {
        let is_empty = row["code_generation_activity_count"] == 0
            && row["user_initiated_interaction_count"] == 0
            && row["totals_by_feature"] == json!([])
            && row["totals_by_ide"] == json!([])
            && [&row["used_chat"], &row["used_agent"], &row["used_cli"]].iter().all(|used| **used == false);
        assert_eq!(is_empty, silent.contains(&row["user_id"].as_u64().unwrap()), "{row}");
        quiet += usize::from(is_empty);
        told += usize::from(!is_empty);
    }
    assert!(quiet > 0 && told > quiet, "{quiet} without and {told} with numbers");
}

#[tokio::test]
async fn records_have_the_fields_and_types_of_github() {
    let client = Client::start(options()).await;
    let rows = client.records(&format!("{ORG}/users-28-day/latest")).await;
    let row = rows.iter().find(|row| row.get("totals_by_cli").is_some()).unwrap();
    assert!(
        row["organization_id"].is_string() && row["enterprise_id"].is_string() && row["user_id"].is_u64()
    );
    assert!(
        row["ai_credits_used"].as_f64().unwrap() > 0.0 && row["ai_adoption_phase"]["phase_number"].is_u64()
    );
    assert_eq!(row["used_cli"], true);
    let usage = &row["totals_by_cli"]["token_usage"];
    let (output, prompt) =
        (usage["output_tokens_sum"].as_f64().unwrap(), usage["prompt_tokens_sum"].as_f64().unwrap());
    let requests = row["totals_by_cli"]["request_count"].as_f64().unwrap();
    let average = usage["avg_tokens_per_request"].as_f64().unwrap();
    assert!((average - (output + prompt) / requests).abs() <= 0.005, "{usage}");
    let lengths =
        |array: &str| rows.iter().find_map(|row| row[array].get(0)).unwrap().as_object().unwrap().len();
    assert_eq!(["totals_by_ide", "totals_by_feature", "totals_by_model_feature"].map(lengths), [10, 8, 9]);
    assert_eq!(["totals_by_language_feature", "totals_by_language_model"].map(lengths), [8, 8]);
    let text = serde_json::to_string(&rows).unwrap();
    for spelling in ["\"intellij\"", "\"vscode\"", "\"unknown\"", "\"copilot_cli\""] {
        assert!(text.contains(spelling), "{spelling}");
    }
    assert!(!text.contains("jetbrains"));
}

#[tokio::test]
async fn adoption_phases_are_those_of_the_users() {
    let client = Client::start(options()).await;
    let record = &client.records(&format!("{ENTERPRISE}/enterprise-1-day?day=2026-11-17")).await[0];
    let rows = client.records(&format!("{ENTERPRISE}/users-28-day/latest")).await;
    let phases = record["totals_by_ai_adoption_phase"].as_array().unwrap();
    assert_eq!(phases.len(), 4);
    for phase in phases {
        let is_in = |row: &&Value| row["ai_adoption_phase"]["phase_number"] == phase["phase_number"];
        let month: BTreeSet<_> = rows.iter().filter(is_in).map(|row| row["user_id"].as_u64()).collect();
        let today: Vec<_> = rows.iter().filter(is_in).filter(|row| row["day"] == "2026-11-17").collect();
        assert_eq!(phase["users_in_phase_28d"], month.len(), "{phase}");
        assert_eq!(phase["total_engaged_users"], today.len(), "{phase}");
        let lines: f64 = today.iter().map(|row| row["loc_added_sum"].as_f64().unwrap()).sum();
        let (average, people) = (phase["avg_loc_added"].as_f64().unwrap(), today.len().max(1));
        assert!((average * people as f64 - lines).abs() <= 0.005 * people as f64 + 1e-9, "{phase}: {lines}");
    }
}

#[tokio::test]
async fn envelopes_say_which_days_they_are_about() {
    let client = Client::start(options()).await;
    let day = client.envelope(&format!("{ORG}/users-1-day?day=2026-11-10")).await;
    assert_eq!(day["report_day"], "2026-11-10");
    assert_eq!(day["download_links"].as_array().unwrap().len(), 2);
    assert_eq!(day.as_object().unwrap().len(), 2);
    let month = client.envelope(&format!("{ENTERPRISE}/users-28-day/latest")).await;
    assert_eq!(
        (&month["report_start_day"], &month["report_end_day"]),
        (&json!("2026-10-21"), &json!("2026-11-17"))
    );
    assert_eq!(month.as_object().unwrap().len(), 3);
    let downloads = client.simulator.announcement().downloads;
    for link in day["download_links"].as_array().unwrap() {
        assert!(link.as_str().unwrap().starts_with(&format!("{downloads}/")), "{link}");
    }
}

#[tokio::test]
async fn envelopes_are_never_304_and_always_charged() {
    let client = Client::start(options()).await;
    for path in [format!("{ORG}/users-28-day/latest"), format!("{ORG}/organization-1-day?day=2026-11-17")] {
        let first = client.get(&path).await;
        assert_eq!(header(&first, "etag"), None);
        let again =
            client.request(reqwest::Method::GET, &path).header("if-none-match", "*").send().await.unwrap();
        assert_eq!(again.status(), 200);
    }
    let answer = client.get(&format!("{ORG}/users-28-day/latest")).await;
    assert_eq!(header(&answer, "x-ratelimit-used"), Some("5"));
    client.simulator.set_now(noon() + TimeDelta::seconds(5));
    let links = client.links(&format!("{ORG}/users-28-day/latest")).await;
    assert_ne!(links, answer.json::<Value>().await.unwrap()["download_links"].as_array().unwrap().clone());
}

#[tokio::test]
async fn a_day_appears_two_days_after_its_end_and_goes_after_a_year() {
    let client = Client::start(options()).await;
    for (day, status) in [
        ("2026-11-17", 200),
        ("2026-11-18", 204),
        ("2026-11-20", 204),
        ("2030-01-01", 204),
        ("2025-11-20", 200),
        ("2025-11-19", 204),
    ] {
        for report in ["organization-1-day", "users-1-day", "user-teams-1-day"] {
            let answer = client.get(&format!("{ORG}/{report}?day={day}")).await;
            assert_eq!(answer.status(), status, "{report} of {day}");
            assert_eq!(answer.bytes().await.unwrap().is_empty(), status == 204);
        }
    }
    client.simulator.set_now("2026-11-20T23:59:00Z".parse().unwrap());
    assert_eq!(client.status(&format!("{ORG}/users-1-day?day=2026-11-18")).await, 204);
    client.simulator.set_now("2026-11-21T00:00:00Z".parse().unwrap());
    assert_eq!(client.status(&format!("{ORG}/users-1-day?day=2026-11-18")).await, 200);
    let month = client.envelope(&format!("{ORG}/organization-28-day/latest")).await;
    assert_eq!(month["report_end_day"], "2026-11-18");
    let soon = Options { publish_after: std::time::Duration::ZERO, ..options() };
    let client = Client::start(soon).await;
    assert_eq!(client.status(&format!("{ORG}/users-1-day?day=2026-11-19")).await, 200);
    assert_eq!(client.status(&format!("{ORG}/users-1-day?day=2026-11-20")).await, 204);
}

#[tokio::test]
async fn a_day_must_be_given_in_its_form() {
    let client = Client::start(options()).await;
    for query in
        ["", "?day=", "?day=yesterday", "?day=2026-11-31", "?day=2026-11-17T00:00:00Z", "?since=2026-11-17"]
    {
        for report in ["organization-1-day", "users-1-day", "user-teams-1-day"] {
            let answer = client.get(&format!("{ORG}/{report}{query}")).await;
            assert_eq!(answer.status(), 422, "{report}{query}");
            let body: Value = answer.json().await.unwrap();
            assert_eq!(
                (&body["message"], &body["errors"][0]["field"]),
                (&json!("Validation Failed"), &json!("day"))
            );
        }
    }
}

#[tokio::test]
async fn reports_that_do_not_exist_are_not_found() {
    let client = Client::start(options()).await;
    for path in [
        format!("{ORG}/org-1-day?day=2026-11-17"),
        format!("{ORG}/enterprise-1-day?day=2026-11-17"),
        format!("{ENTERPRISE}/organization-1-day?day=2026-11-17"),
        format!("{ORG}/organization-28-day"),
        format!("{ORG}/user-teams-28-day/latest"),
        format!("{ORG}/users-28-day/latest/"),
        "/orgs/nobody/copilot/metrics/reports/users-28-day/latest".into(),
        "/enterprises/octo-retail/copilot/metrics/reports/users-28-day/latest".into(),
    ] {
        assert_eq!(client.status(&path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn scopes_and_permissions_open_reports() {
    let tokens = [
        "org=read:org",
        "billing=manage_billing:copilot",
        "enterprise=read:enterprise",
        "fine=organization_copilot_metrics:read",
        "finest=enterprise_copilot_metrics:read",
        "seats=organization_copilot_seat_management:read",
        "member=read:org@octo-retail:member",
        "other=read:org@octo-labs",
    ];
    let client = Client::start(with_tokens(&tokens)).await;
    for (token, org, enterprise) in [
        ("org", 200, 403),
        ("billing", 403, 200),
        ("enterprise", 403, 200),
        ("fine", 200, 403),
        ("finest", 403, 200),
        ("seats", 403, 403),
        ("member", 403, 404),
        ("other", 404, 404),
        ("unknown", 401, 401),
    ] {
        for (base, own, expected) in [(ORG, "organization", org), (ENTERPRISE, "enterprise", enterprise)] {
            for report in [format!("{own}-28-day/latest"), "user-teams-1-day?day=2026-11-17".into()] {
                let path = format!("{base}/{report}");
                assert_eq!(client.status_as(token, &path).await, expected, "{token} for {path}");
            }
        }
    }
    let refused = client.get_as("seats", &format!("{ORG}/users-28-day/latest")).await;
    assert_eq!(header(&refused, "x-accepted-github-permissions"), Some("organization_copilot_metrics=read"));
}

#[tokio::test]
async fn either_api_can_be_closed() {
    let usage = "/orgs/octo-retail/copilot/usage";
    let report = format!("{ORG}/organization-28-day/latest");
    for (api, expected) in [(Api::Both, (200, 200)), (Api::Usage, (200, 404)), (Api::Reports, (404, 200))] {
        let client = Client::start(Options { api, ..options() }).await;
        assert_eq!((client.status(usage).await, client.status(&report).await), expected, "{api:?}");
        assert_eq!(client.status("/orgs/octo-retail/teams").await, 200);
    }
}

#[tokio::test]
async fn both_apis_agree_on_completions_and_chat() {
    let client = Client::start(options()).await;
    let usage = client.list("/orgs/octo-retail/copilot/usage").await;
    let day = usage.iter().find(|day| day["day"] == "2026-11-17").unwrap();
    let record = &client.records(&format!("{ORG}/organization-1-day?day=2026-11-17")).await[0];
    let feature = |is: fn(&str) -> bool, counter: &str| {
        let elements = record["totals_by_feature"].as_array().unwrap().iter();
        let those = elements.filter(|element| is(element["feature"].as_str().unwrap()));
        those.map(|element| element[counter].as_u64().unwrap()).sum::<u64>()
    };
    let completion = |counter| feature(|name| name == "code_completion", counter);
    assert_eq!(day["total_suggestions_count"], completion("code_generation_activity_count"));
    assert_eq!(day["total_acceptances_count"], completion("code_acceptance_activity_count"));
    assert_eq!(day["total_lines_suggested"], completion("loc_suggested_to_add_sum"));
    assert_eq!(day["total_lines_accepted"], completion("loc_added_sum"));
    let turns = feature(|name| name.starts_with("chat_"), "user_initiated_interaction_count");
    assert_eq!(day["total_chat_turns"], turns);
}

#[tokio::test]
async fn late_telemetry_completes_a_day_within_three_days() {
    let client = Client::start(Options { late: true, ..options() }).await;
    let org = &client.world().orgs()[0];
    let all = truth::users(client.world(), org, newest());
    let mut counts = Vec::new();
    for days in 0..5 {
        client.simulator.set_now(noon() + TimeDelta::days(days));
        let rows = client.records(&format!("{ORG}/users-1-day?day=2026-11-17")).await;
        let is_known = |row: &&Value| {
            let person = client.world().people().iter().find(|person| row["user_id"] == person.id).unwrap();
            i64::from(client.world().days_late(person, newest())) <= days
        };
        let known: Vec<_> = all.iter().filter(is_known).cloned().collect();
        assert_eq!(plain(rows.clone()), sorted(known), "after {days} days");
        let record = &client.records(&format!("{ORG}/organization-1-day?day=2026-11-17")).await[0];
        assert_eq!(record["daily_active_users"], rows.len());
        counts.push(rows.len());
    }
    assert!(counts[0] < counts[3] && counts.is_sorted(), "{counts:?}");
    assert_eq!((counts[3], counts[4]), (all.len(), all.len()));
}

#[tokio::test]
async fn late_telemetry_also_revises_the_28_day_reports() {
    let client = Client::start(Options { late: true, ..options() }).await;
    for days in [0, 2] {
        client.simulator.set_now(noon() + TimeDelta::days(days));
        let wrapper = &client.records(&format!("{ORG}/organization-28-day/latest")).await[0];
        for total in wrapper["day_totals"].as_array().unwrap() {
            let day = total["day"].as_str().unwrap();
            let records = client.records(&format!("{ORG}/organization-1-day?day={day}")).await;
            assert_eq!(records, std::slice::from_ref(total));
        }
    }
}

#[tokio::test]
async fn a_company_of_nobody_has_reports_of_zeros() {
    let client = Client::start(Options { users: 0, ..options() }).await;
    let record = &client.records(&format!("{ORG}/organization-1-day?day=2026-11-17")).await[0];
    assert_eq!((&record["daily_active_users"], &record["totals_by_ide"]), (&json!(0), &json!([])));
    for report in ["users-1-day?day=2026-11-17", "user-teams-1-day?day=2026-11-17", "users-28-day/latest"] {
        let files = client.files(&format!("{ORG}/{report}")).await;
        assert!(files.len() == 2 && files.concat().is_empty(), "{report}");
    }
}

#[tokio::test]
async fn a_report_can_be_not_ready_in_every_way() {
    let path = format!("{ORG}/users-1-day?day=2026-11-17");
    let client = Client::start(options()).await;
    for (fault, status, body) in [
        ("not-ready=204", 204, None),
        ("not-ready=empty", 200, Some(json!({ "download_links": [], "report_day": "2026-11-17" }))),
        ("not-ready=string", 200, Some(json!("The report is not ready."))),
        ("not-ready=404", 404, None),
        ("not-ready=502", 502, None),
    ] {
        client.simulator.set_faults(vec![format!("{fault},path=*/users-*").parse().unwrap()]);
        let answer = client.get(&path).await;
        assert_eq!(answer.status(), status, "{fault}");
        assert!(header(&answer, "x-ratelimit-limit").is_some(), "{fault}");
        if let Some(body) = body {
            assert_eq!(answer.json::<Value>().await.unwrap(), body, "{fault}");
        }
        assert_eq!(client.status(&format!("{ORG}/organization-28-day/latest")).await, 200);
    }
    client.simulator.set_faults(vec!["not-ready=204".parse().unwrap()]);
    for other in ["/orgs/octo-retail/copilot/usage", "/orgs/octo-retail/teams"] {
        assert_eq!(client.status(other).await, 200, "{other} is no report");
    }
}

#[tokio::test]
async fn the_policy_can_be_off() {
    let client = Client::start(Options { faults: vec!["policy-off".parse().unwrap()], ..options() }).await;
    for path in
        [format!("{ORG}/users-28-day/latest"), format!("{ENTERPRISE}/enterprise-1-day?day=2026-11-17")]
    {
        let answer = client.get(&path).await;
        assert_eq!(answer.status(), 403);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["message"], "The 'Copilot usage metrics' policy must be enabled to use this API");
        assert_eq!(body["status"], "403");
        let page = body["documentation_url"].as_str().unwrap();
        assert!(page.starts_with("https://docs.github.com/copilot/concepts/copilot-metrics"), "{page}");
    }
    assert_eq!(client.status("/orgs/octo-retail/teams").await, 200);
}

#[tokio::test]
async fn the_28_day_reports_can_lag_behind_the_one_day_reports() {
    let client = Client::start(Options { latest_lag: 4, late: true, ..options() }).await;
    for owner in owners(&client) {
        let base = base(owner);
        let month = format!("{base}/{}-28-day/latest", own(owner));
        for path in [&month, &format!("{base}/users-28-day/latest")] {
            let envelope = client.envelope(path).await;
            let span = (&envelope["report_start_day"], &envelope["report_end_day"]);
            assert_eq!(span, (&json!("2026-10-17"), &json!("2026-11-13")), "{path}");
        }
        let wrapper = &client.records(&month).await[0];
        let days = wrapper["day_totals"].as_array().unwrap();
        assert_eq!((days.len(), &days[27]["day"]), (28, &json!("2026-11-13")));
        // What came late for the newest days has come for the last of the month.
        let record = client.records(&format!("{base}/{}-1-day?day=2026-11-13", own(owner))).await;
        assert_eq!(record, [days[27].clone()]);
        let rows = client.records(&format!("{base}/users-28-day/latest")).await;
        assert_eq!(rows.iter().map(|row| row["day"].as_str().unwrap()).max(), Some("2026-11-13"));
        for day in ["2026-11-14", "2026-11-17"] {
            let record = client.records(&format!("{base}/{}-1-day?day={day}", own(owner))).await;
            assert_eq!(record[0]["day"], day);
        }
        assert_eq!(client.status(&format!("{base}/{}-1-day?day=2026-11-18", own(owner))).await, 204);
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    ["Sat", "Sun"].contains(&&*day.format("%a").to_string())
}

#[tokio::test]
async fn weekends_can_be_left_out_of_every_report() {
    let client = Client::start(Options { quiet_weekends: true, ..options() }).await;
    let working: Vec<_> = month().into_iter().filter(|day| !is_weekend(*day)).collect();
    assert_eq!(working.len(), 20);
    for owner in owners(&client) {
        let base = base(owner);
        let wrapper = client.records(&format!("{base}/{}-28-day/latest", own(owner))).await.remove(0);
        assert_eq!(
            (&wrapper["report_start_day"], &wrapper["report_end_day"]),
            (&json!("2026-10-21"), &json!("2026-11-17"))
        );
        let expected = working
            .iter()
            .map(|day| truth::entity_where(client.world(), owner, *day, &|day| !is_weekend(day)))
            .collect();
        assert_eq!(plain(wrapper["day_totals"].as_array().unwrap().clone()), sorted(expected));
        let rows = client.records(&format!("{base}/users-28-day/latest")).await;
        let days: BTreeSet<NaiveDate> =
            rows.iter().map(|row| row["day"].as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(days.into_iter().collect::<Vec<_>>(), working);
        for report in [&*format!("{}-1-day", own(owner)), "users-1-day", "user-teams-1-day"] {
            for (day, expected) in
                [("2026-11-13", 200), ("2026-11-14", 204), ("2026-11-15", 204), ("2026-11-16", 200)]
            {
                assert_eq!(
                    client.status(&format!("{base}/{report}?day={day}")).await,
                    expected,
                    "{report} of {day}"
                );
            }
        }
    }
}

#[tokio::test]
async fn weekly_users_are_fewer_where_weekends_are_left_out() {
    let mut weekly = Vec::new();
    for quiet_weekends in [false, true] {
        let client = Client::start(Options { quiet_weekends, users: 2_000, ..options() }).await;
        let record = client.records(&format!("{ENTERPRISE}/enterprise-1-day?day=2026-11-17")).await.remove(0);
        let rows = client.records(&format!("{ENTERPRISE}/users-28-day/latest")).await;
        let week = rows.iter().filter(|row| row["day"].as_str().unwrap() >= "2026-11-11");
        let people: BTreeSet<_> = week.map(|row| row["user_id"].as_u64()).collect();
        assert_eq!(record["weekly_active_users"], people.len());
        weekly.push(people.len());
    }
    assert!(weekly[1] < weekly[0], "{weekly:?}");
}

#[tokio::test]
async fn a_month_that_ends_on_a_quiet_sunday_still_says_so() {
    let published = "2026-11-18T00:00:00Z".parse().unwrap();
    let client = Client::start(Options { quiet_weekends: true, now: Some(published), ..options() }).await;
    let wrapper = client.records(&format!("{ORG}/organization-28-day/latest")).await.remove(0);
    assert_eq!(wrapper["report_end_day"], "2026-11-15");
    let last = wrapper["day_totals"].as_array().unwrap().last().unwrap();
    assert_eq!(last["day"], "2026-11-13");
}
