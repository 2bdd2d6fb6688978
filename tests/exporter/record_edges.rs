//! What only an owner's own record tells, as GitHub may write it, and what is made of it, worked out by hand.

use serde_json::{Value, json};
use wiremock::MockServer;

use crate::{
    company::NOON,
    detail_truth::is_detail,
    people::{REPORTS, data, differences},
    people_edges::{counts, insert, serve},
    people_truth::Series,
    support::{Exporter, ManualClock, Scrape},
};

/// An element with its six counters as they are written down here.
fn element(labels: &Value, counts: [u64; 6]) -> Value {
    let mut element = json!({
        "user_initiated_interaction_count": counts[0], "code_generation_activity_count": counts[1],
        "code_acceptance_activity_count": counts[2], "loc_suggested_to_add_sum": counts[3],
        "loc_added_sum": counts[4], "loc_deleted_sum": counts[5],
    });
    element.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
    element
}

fn language(language: &str, counts: [u64; 6]) -> Value {
    element(&json!({"language": language, "feature": "chat_inline"}), counts)
}

fn model(model: &str, feature: &str, counts: [u64; 6]) -> Value {
    element(&json!({"model": model, "feature": feature}), counts)
}

fn agent(id: &str, sessions: u64, jobs: u64) -> Value {
    json!({
        "agent_id": id, "agent_name": format!("{id} (new)"), "session_count": sessions,
        "user_initiated_interaction_count": jobs,
    })
}

/// The day before: a model that completed once, and much work for one agent.
fn before() -> Value {
    json!({
        "day": "2026-11-16", "daily_active_users": 1,
        "totals_by_model_feature": [model("complete", "code_completion", [0, 1, 0, 1, 0, 0])],
        "totals_by_3rd_party_agent": [agent("codex", 5, 5)],
    })
}

/// The newest day. What is null or missing nobody knows; names that are the same but for their case, or but for how
/// editors spell them, are one.
fn newest() -> Value {
    let mut record = json!({
        "day": "2026-11-17", "daily_active_users": 1,
        "user_initiated_interaction_count": 908, "loc_added_sum": null, "loc_deleted_sum": 7,
        "totals_by_feature": [
            element(&json!({"feature": "code_completion"}), [0, 4, 2, 8, 3, 0]),
            element(&json!({"feature": "Chat_Inline"}), [2, 1, 1, 1, 1, 0]),
            element(&json!({"feature": "chat_inline"}), [3, 2, 0, 4, 0, 7]),
        ],
        "totals_by_language_feature": [language("F#", [0, 1, 1, 1, 1, 0]), language("fsharp", [0, 2, 0, 4, 0, 7])],
        "totals_by_model_feature": [
            model("Complete", "chat_inline", [1, 0, 0, 0, 0, 0]),
            model("busy", "chat_inline", [2, 10, 1, 9, 6, 7]),
            model("asked", "chat_inline", [900, 0, 0, 0, 0, 0]),
        ],
        "totals_by_cli": {"session_count": 1, "request_count": 0, "prompt_count": 0},
        "totals_by_copilot_app": {
            "session_count": 3, "request_count": 8, "prompt_count": 5,
            "token_usage": {"output_tokens_sum": 100, "prompt_tokens_sum": 900, "avg_tokens_per_request": 125.0},
        },
        "totals_by_3rd_party_agent": [
            agent("jules", 1, 3), agent("Claude", 4, 3), agent("others", 1, 1), agent("codex", 9, 2),
        ],
        "totals_by_ai_adoption_phase": [
            {"phase": "No Cohort", "phase_number": 0, "total_engaged_users": 0, "users_in_phase_28d": 5},
            {"phase": "Phase 3", "phase_number": 3, "total_engaged_users": 2},
        ],
        "pull_requests": {
            "total_created": 9, "total_merged": 0, "total_reviewed_by_copilot": 4,
            "total_suggestions": 7, "total_copilot_applied_suggestions": 2,
            "median_minutes_to_merge": 0.5, "median_minutes_to_merge_copilot_authored": 12.25,
        },
    });
    record.as_object_mut().unwrap().extend(audience().as_object().unwrap().clone());
    record
}

/// How many people there were, by period and surface.
fn audience() -> Value {
    json!({
        "monthly_active_chat_users": 40, "monthly_active_agent_users": null,
        "daily_active_copilot_app_users": 2, "daily_active_vscode_agent_users": 3,
        "daily_active_copilot_cloud_agent_users": 0, "daily_active_copilot_code_review_users": 4,
        "daily_passive_copilot_code_review_users": 5, "weekly_active_cli_users": 6,
        "weekly_active_copilot_app_users": 7, "weekly_active_vscode_agent_users": 8,
        "weekly_active_copilot_cloud_agent_users": 9, "weekly_active_copilot_code_review_users": 10,
        "weekly_passive_copilot_code_review_users": 11, "monthly_active_cli_users": 12,
        "monthly_active_copilot_app_users": null, "monthly_active_vscode_agent_users": 14,
        "monthly_active_copilot_cloud_agent_users": 15, "monthly_active_copilot_code_review_users": 16,
        "monthly_passive_copilot_code_review_users": 17,
    })
}

fn put(series: &mut Series, family: &str, labelled: &[(&str, u64)]) {
    for (labels, number) in labelled {
        let comma = if labels.is_empty() { "" } else { "," };
        insert(series, "", family, &format!("{comma}{labels}"), *number);
    }
}

/// What is shown whatever is folded.
fn always() -> Series {
    let mut series = Series::new();
    for (family, number) in [
        ("total_interactions", 908),
        ("total_lines_deleted", 7),
        ("cli_sessions", 1),
        ("cli_requests", 0),
        ("cli_prompts", 0),
        ("app_sessions", 3),
        ("app_requests", 8),
        ("app_prompts", 5),
        ("monthly_active_chat_users", 40),
        ("pull_requests_created", 9),
        ("pull_requests_merged", 0),
        ("pull_requests_reviewed_by_copilot", 4),
    ] {
        put(&mut series, family, &[("", number)]);
    }
    put(&mut series, "app_tokens", &[(r#"kind="prompt""#, 900), (r#"kind="output""#, 100)]);
    // How many suggestions are Copilot's is not known, nor how many were applied in all.
    put(&mut series, "pull_request_suggestions_applied", &[(r#"author="copilot""#, 2)]);
    let medians = [(r#"kind="all""#, 30), (r#"kind="copilot_authored""#, 735)];
    put(&mut series, "pull_request_median_time_to_merge_seconds", &medians);
    put(&mut series, "adoption_phase_users", &[(r#"phase="0""#, 5)]);
    put(&mut series, "adoption_phase_active_users", &[(r#"phase="0""#, 0), (r#"phase="3""#, 2)]);
    surfaces(&mut series);
    // Once as 2 1 1 1 1 0 and once as 3 2 0 4 0 7.
    let features: [(&str, &[u64]); 2] = [
        (r#"feature="code_completion""#, &[0, 4, 2, 8, 3, 0]),
        (r#"feature="chat_inline""#, &[5, 3, 1, 5, 1, 7]),
    ];
    counts(&mut series, "", "feature", &features);
    counts(&mut series, "", "language", &[(r#"language="fsharp",feature="chat_inline""#, &[3, 1, 5, 1, 7])]);
    series
}

fn surfaces(series: &mut Series) {
    for (period, numbers) in [
        ("daily", [None, Some(2), Some(3), Some(0), Some(4), Some(5)]),
        ("weekly", [6, 7, 8, 9, 10, 11].map(Some)),
        ("monthly", [Some(12), None, Some(14), Some(15), Some(16), Some(17)]),
    ] {
        let surfaces = [
            "cli",
            "copilot_app",
            "vscode_agent",
            "copilot_cloud_agent",
            "code_review_active",
            "code_review_passive",
        ];
        for (surface, number) in surfaces.iter().zip(numbers) {
            let known = number.map(|number| (format!(r#"surface="{surface}""#), number));
            let family = format!("surface_{period}_active_users");
            known.iter().for_each(|(labels, number)| put(series, &family, &[(labels, *number)]));
        }
    }
}

/// The four counts of a model in chat.
fn models(series: &mut Series, models: &[(&str, [u64; 4])]) {
    for (model, numbers) in models {
        for (count, number) in
            ["interactions", "generations", "acceptances", "lines_added"].iter().zip(numbers)
        {
            let labels = format!(r#"model="{model}",feature="chat_inline""#);
            put(series, &format!("model_{count}"), &[(&labels, *number)]);
        }
    }
}

/// The sessions and jobs of agents.
fn agents(series: &mut Series, agents: &[(&str, u64, u64)]) {
    for (agent, sessions, jobs) in agents {
        let labels = format!(r#"agent="{agent}""#);
        put(series, "third_party_agent_sessions", &[(&labels, *sessions)]);
        put(series, "third_party_agent_jobs", &[(&labels, *jobs)]);
    }
}

fn whole() -> Series {
    let mut series = always();
    let of_models = [("complete", [1, 0, 0, 0]), ("busy", [2, 10, 1, 6]), ("asked", [900, 0, 0, 0])];
    models(&mut series, &of_models);
    agents(&mut series, &[("claude", 4, 3), ("codex", 9, 2), ("jules", 1, 3), ("others", 1, 1)]);
    series
}

/// Two names of each label. Of models the one that ever completed and the one that generated, however often another was
/// asked. Of agents codex, with 7 jobs in two days, and of claude and jules, with 3 each, the first by name: jules joins
/// the others that GitHub itself has.
fn two_of_everything() -> Series {
    let mut series = always();
    let of_models = [("complete", [1, 0, 0, 0]), ("busy", [2, 10, 1, 6]), ("others", [900, 0, 0, 0])];
    models(&mut series, &of_models);
    agents(&mut series, &[("claude", 4, 3), ("codex", 9, 2), ("others", 2, 4)]);
    series
}

/// Checks the detail of an organisation with these records, and one person of whom nothing is told, not even whether
/// there were any credits.
async fn assert_detail(records: &[Value], expected: &Series, more: &[(&str, &str)], what: &str) {
    let github = MockServer::start().await;
    let month = json!({
        "report_start_day": "2026-10-21", "report_end_day": "2026-11-17", "day_totals": records,
    });
    serve(&github, "organization-28-day/latest", None, &[month]).await;
    let users: Vec<_> = records.iter().map(|record| json!({"day": record["day"], "user_id": 1})).collect();
    serve(&github, "users-28-day/latest", None, &users).await;
    let own = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), ("EXPORTER_SOURCES", "activity"), REPORTS];
    let variables = [&own, more].concat();
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let is_up = |scrape: &Scrape| scrape.sum("github_copilot_exporter_source_up", &[]) == 1.0;
    let mut shown = data(&exporter.until_by(0, "the source up", is_up).await);
    shown.retain(|series, _| is_detail(series));
    let wrong = differences(expected, &shown);
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
    exporter.stop().await;
}

#[tokio::test]
async fn a_record_that_no_company_writes_is_shown_as_it_is_meant() {
    assert_detail(&[before(), newest()], &whole(), &[], "by hand").await;
}

#[tokio::test]
async fn of_such_a_record_the_names_that_were_used_most_on_all_days_are_kept() {
    let two = [("EXPORTER_MAX_LABEL_VALUES", "2")];
    assert_detail(&[before(), newest()], &two_of_everything(), &two, "two of everything").await;
}

#[tokio::test]
async fn a_day_that_settled_before_days_that_github_leaves_out_is_shown_whole() {
    let mut settled = newest();
    settled["day"] = json!("2026-11-06");
    let last = json!({"day": "2026-11-17", "daily_active_users": 1});
    assert_detail(&[settled, last], &whole(), &[("EXPORTER_SETTLE_DAYS", "3")], "settled").await;
}
