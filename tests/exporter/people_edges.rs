//! Reports about people as no simulated company writes them, and what is made of them, worked out by hand.

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{path, query_param},
};

use crate::{
    company::{NOON, all_up},
    people::{ALL, REPORTS, assert_shows},
    people_truth::Series,
    support::{Exporter, ManualClock},
};

const DAY: &str = "2026-11-17";

/// An element with its four counters and, for chat, prompts.
fn element(labels: &Value, counts: [u64; 4], interactions: u64) -> Value {
    let mut element = json!({
        "code_generation_activity_count": counts[0], "code_acceptance_activity_count": counts[1],
        "loc_suggested_to_add_sum": counts[2], "loc_added_sum": counts[3],
        "loc_suggested_to_delete_sum": 0, "loc_deleted_sum": 0,
        "user_initiated_interaction_count": interactions,
    });
    element.as_object_mut().unwrap().extend(labels.as_object().unwrap().clone());
    element
}

fn completions(counts: [u64; 4]) -> Value {
    element(&json!({"feature": "code_completion"}), counts, 0)
}

fn chat(feature: &str, interactions: u64) -> Value {
    element(&json!({"feature": feature}), [1, 1, 1, 1], interactions)
}

fn language(language: &str, feature: &str, counts: [u64; 4]) -> Value {
    element(&json!({"language": language, "feature": feature}), counts, 0)
}

fn ide(ide: &str, generations: u64, interactions: u64) -> Value {
    element(&json!({"ide": ide}), [generations, 0, 0, 0], interactions)
}

/// A row, whose own counters are the sums of those by feature.
fn row(user: u64, ides: &[Value], features: &[Value], languages: &[Value]) -> Value {
    let sum = |field: &str| features.iter().map(|element| element[field].as_u64().unwrap()).sum::<u64>();
    json!({
        "user_initiated_interaction_count": sum("user_initiated_interaction_count"),
        "loc_added_sum": sum("loc_added_sum"), "loc_deleted_sum": sum("loc_deleted_sum"),
        "day": DAY, "user_id": user, "user_login": format!("user-{user}"), "totals_by_ide": ides,
        "totals_by_feature": features, "totals_by_language_feature": languages,
    })
}

/// What five people did.
fn users() -> Vec<Value> {
    vec![
        // More completions than languages tell of, chat that is no completion, and an editor that was only talked to.
        row(
            1,
            &[ide("VSCode", 13, 0), ide("intellij", 0, 7)],
            &[completions([10, 4, 20, 9]), chat("chat_inline", 2)],
            &[
                language("Python", "code_completion", [6, 4, 12, 8]),
                language("python", "chat_inline", [1, 1, 1, 1]),
                language("go", "code_completion", [0, 0, 0, 0]),
            ],
        ),
        // Took today what was shown yesterday; with a panel open and never asked.
        row(
            2,
            &[ide("vim", 0, 0)],
            &[completions([0, 2, 0, 3]), chat("chat_panel_ask_mode", 0)],
            &[language("rust", "code_completion", [0, 2, 0, 3])],
        ),
        // Two editors, and languages that come to more than the whole.
        row(
            3,
            &[ide("zed", 99, 0), ide("vim", 2, 0)],
            &[completions([3, 1, 3, 1]), chat("chat_panel_of_tomorrow", 1)],
            &[
                language("C#", "code_completion", [2, 1, 2, 1]),
                language("csharp", "code_completion", [2, 0, 2, 0]),
            ],
        ),
        // Only chat, and telemetry that is off.
        row(4, &[ide("vscode", 1, 3)], &[chat("chat_panel_agent_mode", 3)], &[]),
        row(5, &[], &[], &[]),
    ]
}

/// Twice in a team is once; 9 has a seat and did nothing; 5 is in no team. The slug is written as its owner likes it.
fn user_teams() -> Vec<Value> {
    let member = |team: u64, slug: &str, user: u64| json!({"day": DAY, "user_id": user, "user_login": format!("user-{user}"), "team_id": team, "slug": slug});
    let core = [1, 2, 3, 4, 9, 1].map(|user| member(1, "Core", user));
    let idle = [6, 7, 8, 9, 10].map(|user| member(2, "idle", user));
    [core.to_vec(), idle.to_vec()].concat()
}

fn month() -> Vec<Value> {
    let features = [completions([100, 50, 200, 90]), chat("chat_inline", 30)];
    let day = json!({
        "day": DAY, "daily_active_users": 6, "weekly_active_users": 7, "monthly_active_users": 8,
        "totals_by_feature": features,
    });
    vec![json!({"report_start_day": "2026-10-21", "report_end_day": DAY, "day_totals": [day]})]
}

/// Answers the questions for a report of `octo`, of one day or of many, with one file.
pub async fn serve(github: &MockServer, report: &str, day: Option<&str>, records: &[Value]) {
    let file = format!("/files/{}{}", report.replace('/', "-"), day.unwrap_or_default());
    let links = json!({
        "download_links": [format!("{}{file}?sig=x", github.uri())],
        "report_start_day": "2026-10-21", "report_end_day": DAY, "report_day": DAY,
    });
    let asked = Mock::given(path(format!("/orgs/octo/copilot/metrics/reports/{report}")));
    let asked = day.into_iter().fold(asked, |asked, day| asked.and(query_param("day", day)));
    asked.respond_with(ResponseTemplate::new(200).set_body_json(links)).mount(github).await;
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let answer = ResponseTemplate::new(200).set_body_string(text);
    Mock::given(path(file)).respond_with(answer).mount(github).await;
}

/// A GitHub with one organisation and one day.
async fn github() -> MockServer {
    let github = MockServer::start().await;
    serve(&github, "organization-28-day/latest", None, &month()).await;
    serve(&github, "users-28-day/latest", None, &users()).await;
    serve(&github, "user-teams-1-day", Some(DAY), &user_teams()).await;
    github
}

pub fn insert(series: &mut Series, team: &str, family: &str, labels: &str, number: u64) {
    let name = format!(r#"github_copilot_{family}{{enterprise="",org="octo",team="{team}"{labels}}}"#);
    series.insert(name, number as f64);
}

/// What is known of a scope: its eight totals, as of the day and in the history.
fn totals(series: &mut Series, team: &str, numbers: [u64; 8]) {
    let names = [
        "suggestions",
        "acceptances",
        "lines_suggested",
        "lines_accepted",
        "active_users",
        "chat_turns",
        "chat_acceptances",
        "active_chat_users",
    ];
    for (name, number) in names.into_iter().zip(numbers) {
        insert(series, team, &format!("total_{name}"), "", number);
        insert(series, team, &format!("daily_{name}"), &format!(r#",day="{DAY}""#), number);
    }
    // The start of 2026-11-17.
    insert(series, team, "day_timestamp_seconds", "", 1_794_873_600);
}

type Row<'r> = (&'r str, &'r str, [u64; 5]);

const ROWS: [Row<'_>; 4] = [
    ("python", "vscode", [6, 4, 12, 8, 1]),
    ("unknown", "vscode", [4, 0, 8, 1, 1]),
    ("rust", "unknown", [0, 2, 0, 3, 0]),
    ("csharp", "multiple", [4, 1, 4, 1, 1]),
];

fn rows(series: &mut Series, team: &str, rows: &[Row<'_>]) {
    for (language, editor, numbers) in rows {
        let names = ["suggestions", "acceptances", "lines_suggested", "lines_accepted", "active_users"];
        for (name, number) in names.into_iter().zip(*numbers) {
            insert(series, team, name, &format!(r#",language="{language}",editor="{editor}""#), number);
        }
    }
}

/// The counts of elements, in the order in which numbers are written down here.
const COUNTS: [&str; 6] =
    ["interactions", "generations", "acceptances", "lines_suggested", "lines_added", "lines_deleted"];

/// The counts of elements by their labels; those by language have no interactions.
pub fn counts(series: &mut Series, team: &str, family: &str, elements: &[(&str, &[u64])]) {
    for (labels, numbers) in elements {
        for (count, number) in COUNTS.iter().skip(COUNTS.len() - numbers.len()).zip(*numbers) {
            insert(series, team, &format!("{family}_{count}"), &format!(",{labels}"), *number);
        }
    }
}

/// Distinct people by the labels of a family.
fn active(series: &mut Series, team: &str, family: &str, users: &[(&str, u64)]) {
    for (labels, number) in users {
        insert(series, team, &format!("{family}_active_users"), &format!(",{labels}"), *number);
    }
}

/// What is shown of teams in any case, and of the owner without what is folded. The record has no counters of its own
/// and no editors, so there is none of that.
fn core() -> Series {
    let mut series = Series::new();
    totals(&mut series, "", [100, 50, 200, 90, 6, 30, 1, 3]);
    totals(&mut series, "core", [13, 7, 23, 13, 4, 6, 4, 3]);
    totals(&mut series, "idle", [0; 8]);
    insert(&mut series, "", "weekly_active_users", "", 7);
    insert(&mut series, "", "monthly_active_users", "", 8);
    insert(&mut series, "", "unlisted_team_active_users", "", 1);
    // The month lists no other day, so nobody did anything on any.
    for (team, active) in [("core", 4), ("idle", 0)] {
        insert(&mut series, team, "weekly_active_users", "", active);
        insert(&mut series, team, "monthly_active_users", "", active);
        insert(&mut series, team, "team_seated_users", "", 5);
    }
    let features: [(&str, &[u64]); 2] = [
        (r#"feature="code_completion""#, &[0, 100, 50, 200, 90, 0]),
        (r#"feature="chat_inline""#, &[30, 1, 1, 1, 1, 0]),
    ];
    counts(&mut series, "", "feature", &features);
    series
}

/// People by feature and editor, of the owner and of the team alike: a panel that answered counts, asked or not, and
/// so does an editor in which nothing came of it.
fn people(series: &mut Series, team: &str) {
    let features = [
        (r#"feature="code_completion""#, 3),
        (r#"feature="chat_inline""#, 1),
        (r#"feature="chat_panel_ask_mode""#, 1),
        (r#"feature="chat_panel_of_tomorrow""#, 1),
        (r#"feature="chat_panel_agent_mode""#, 1),
    ];
    active(series, team, "feature", &features);
    let editors = [
        (r#"editor="vscode""#, 2),
        (r#"editor="intellij""#, 1),
        (r#"editor="vim""#, 2),
        (r#"editor="zed""#, 1),
    ];
    active(series, team, "editor", &editors);
}

fn everything() -> Series {
    let mut series = core();
    rows(&mut series, "", &ROWS);
    rows(&mut series, "core", &ROWS);
    people(&mut series, "");
    series
}

/// What teams come to by the counters of the rows themselves; a team of idle people has true zeros.
fn team_totals(series: &mut Series) {
    for (team, numbers) in [("core", [6, 17, 0]), ("idle", [0; 3])] {
        for (name, number) in ["interactions", "lines_added", "lines_deleted"].into_iter().zip(numbers) {
            insert(series, team, &format!("total_{name}"), "", number);
        }
    }
}

fn everything_of_teams() -> Series {
    let mut series = everything();
    team_totals(&mut series);
    people(&mut series, "core");
    let features: [(&str, &[u64]); 5] = [
        (r#"feature="code_completion""#, &[0, 13, 7, 23, 13, 0]),
        (r#"feature="chat_inline""#, &[2, 1, 1, 1, 1, 0]),
        (r#"feature="chat_panel_ask_mode""#, &[0, 1, 1, 1, 1, 0]),
        (r#"feature="chat_panel_of_tomorrow""#, &[1, 1, 1, 1, 1, 0]),
        (r#"feature="chat_panel_agent_mode""#, &[3, 1, 1, 1, 1, 0]),
    ];
    counts(&mut series, "core", "feature", &features);
    let editors: [(&str, &[u64]); 4] = [
        (r#"editor="vscode""#, &[3, 14, 0, 0, 0, 0]),
        (r#"editor="intellij""#, &[7, 0, 0, 0, 0, 0]),
        (r#"editor="vim""#, &[0, 2, 0, 0, 0, 0]),
        (r#"editor="zed""#, &[0, 99, 0, 0, 0, 0]),
    ];
    counts(&mut series, "core", "editor", &editors);
    let languages: [(&str, &[u64]); 5] = [
        (r#"language="python",feature="code_completion""#, &[6, 4, 12, 8, 0]),
        (r#"language="python",feature="chat_inline""#, &[1, 1, 1, 1, 0]),
        (r#"language="go",feature="code_completion""#, &[0, 0, 0, 0, 0]),
        (r#"language="rust",feature="code_completion""#, &[0, 2, 0, 3, 0]),
        (r#"language="csharp",feature="code_completion""#, &[4, 1, 4, 1, 0]),
    ];
    counts(&mut series, "core", "language", &languages);
    series
}

/// The same where two names are kept. Languages: python has 6 completions; of csharp and unknown, with 4 each, the
/// first by name. Editors: vscode has 10 and multiple 4; zed comes after them, for all that it generated. Features:
/// code_completion, and of four with one generation each the first by name.
fn two_of_everything() -> Series {
    let mut series = core();
    team_totals(&mut series);
    for team in ["", "core"] {
        let folded =
            [ROWS[0], ("others", "vscode", [4, 0, 8, 1, 1]), ("others", "others", [0, 2, 0, 3, 0]), ROWS[3]];
        rows(&mut series, team, &folded);
        let features = [
            (r#"feature="code_completion""#, 3),
            (r#"feature="chat_inline""#, 1),
            // One each with three features: 2, 3 and 4.
            (r#"feature="others""#, 3),
        ];
        active(&mut series, team, "feature", &features);
        // 1 had intellij, 2 had vim, and 3 had vim and zed, yet is one.
        active(&mut series, team, "editor", &[(r#"editor="vscode""#, 2), (r#"editor="others""#, 3)]);
    }
    let features: [(&str, &[u64]); 3] = [
        (r#"feature="code_completion""#, &[0, 13, 7, 23, 13, 0]),
        (r#"feature="chat_inline""#, &[2, 1, 1, 1, 1, 0]),
        (r#"feature="others""#, &[4, 3, 3, 3, 3, 0]),
    ];
    counts(&mut series, "core", "feature", &features);
    let editors: [(&str, &[u64]); 2] =
        [(r#"editor="vscode""#, &[3, 14, 0, 0, 0, 0]), (r#"editor="others""#, &[7, 101, 0, 0, 0, 0])];
    counts(&mut series, "core", "editor", &editors);
    let languages: [(&str, &[u64]); 4] = [
        (r#"language="python",feature="code_completion""#, &[6, 4, 12, 8, 0]),
        (r#"language="python",feature="chat_inline""#, &[1, 1, 1, 1, 0]),
        (r#"language="others",feature="code_completion""#, &[0, 2, 0, 3, 0]),
        (r#"language="csharp",feature="code_completion""#, &[4, 1, 4, 1, 0]),
    ];
    counts(&mut series, "core", "language", &languages);
    series
}

/// Checks what is shown with these variables.
async fn assert_shown(expected: &Series, more: &[(&str, &str)], what: &str) {
    let github = github().await;
    let own = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let variables = [&own, more].concat();
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 1)).await;
    assert_shows(&scrape, expected, what);
    exporter.stop().await;
}

#[tokio::test]
async fn rows_that_no_company_writes_are_read_as_they_are_meant() {
    assert_shown(&everything(), &[], "by hand").await;
}

#[tokio::test]
async fn in_all_detail_such_rows_are_read_as_they_are_meant() {
    assert_shown(&everything_of_teams(), &[ALL], "by hand, all detail").await;
}

#[tokio::test]
async fn of_such_rows_names_with_completions_are_kept_first_and_people_of_the_others_counted_once() {
    let two = ("EXPORTER_MAX_LABEL_VALUES", "2");
    assert_shown(&two_of_everything(), &[ALL, two], "by hand, two of everything").await;
}

/// The same records of the day before.
fn a_day_earlier(records: Vec<Value>) -> Vec<Value> {
    let dated = |mut record: Value| {
        record["day"] = "2026-11-16".into();
        record
    };
    records.into_iter().map(dated).collect()
}

#[tokio::test]
async fn a_file_that_nobody_is_in_yet_hides_no_team_of_the_day_before() {
    let github = MockServer::start().await;
    let mut month = month();
    let before = a_day_earlier(vec![month[0]["day_totals"][0].clone()]);
    month[0]["day_totals"].as_array_mut().unwrap().extend(before);
    serve(&github, "organization-28-day/latest", None, &month).await;
    serve(&github, "users-28-day/latest", None, &a_day_earlier(users())).await;
    serve(&github, "users-1-day", Some(DAY), &[]).await;
    serve(&github, "user-teams-1-day", Some(DAY), &user_teams()).await;
    serve(&github, "user-teams-1-day", Some("2026-11-16"), &a_day_earlier(user_teams())).await;
    let variables = [("GITHUB_TOKEN", "ghp_t"), ("GITHUB_ORGS", "octo"), REPORTS];
    let exporter = Exporter::start(&github.uri(), &ManualClock::starting(NOON), &variables).await;
    let scrape = exporter.until_by(0, "all sources up", |scrape| all_up(scrape, 1)).await;
    let mut expected = Series::new();
    totals(&mut expected, "core", [13, 7, 23, 13, 4, 6, 4, 3]);
    rows(&mut expected, "core", &ROWS);
    insert(&mut expected, "core", "team_seated_users", "", 5);
    expected.retain(|series, _| !series.contains("_daily_") && !series.contains("_day_timestamp_"));
    for (series, number) in expected {
        assert_eq!(scrape.get(&series), Some(number), "{series}");
    }
    assert_eq!(scrape.sum("github_copilot_exporter_source_waiting", &[r#"source="activity""#]), 1.0);
    exporter.stop().await;
}
