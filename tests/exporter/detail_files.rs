//! The truth about detail against the files that GitHub gives: read field by field, they say the same.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{Entity, Kind, Options};
use serde_json::Value;

use crate::{
    company::noon,
    detail_truth::is_detail,
    people::{COMPANIES, company_of, differences, live, newest},
    people_files::files,
    people_truth::{Series, Truth, labels, owners},
    simulator_client::Client,
};

/// A word in the name of a series, and GitHub's field.
type Field = (&'static str, &'static str);

const COUNTERS: [Field; 6] = [
    ("interactions", "user_initiated_interaction_count"),
    ("generations", "code_generation_activity_count"),
    ("acceptances", "code_acceptance_activity_count"),
    ("lines_suggested", "loc_suggested_to_add_sum"),
    ("lines_added", "loc_added_sum"),
    ("lines_deleted", "loc_deleted_sum"),
];
const TOTALS: [Field; 3] = [COUNTERS[0], COUNTERS[4], COUNTERS[5]];
const OF_LANGUAGES: [Field; 5] = [COUNTERS[1], COUNTERS[2], COUNTERS[3], COUNTERS[4], COUNTERS[5]];
const OF_MODELS: [Field; 4] = [COUNTERS[0], COUNTERS[1], COUNTERS[2], COUNTERS[4]];
const CLIENT: [Field; 3] =
    [("sessions", "session_count"), ("requests", "request_count"), ("prompts", "prompt_count")];
const PULL_REQUESTS: [&str; 7] = [
    "created",
    "reviewed",
    "merged",
    "created_by_copilot",
    "reviewed_by_copilot",
    "merged_created_by_copilot",
    "merged_reviewed_by_copilot",
];

/// What files say of a scope.
struct Said {
    labels: String,
    series: Series,
}

fn elements<'v>(record: &'v Value, array: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    record[array].as_array().into_iter().flatten()
}

/// Further labels, beginning with a comma.
fn label(element: &Value, name: &str, field: &str) -> String {
    let value = element[field].as_str().unwrap();
    let value = match value {
        "c#" => "csharp",
        "c++" => "cpp",
        "shellscript" => "shell",
        as_given => as_given,
    };
    format!(r#",{name}="{value}""#)
}

impl Said {
    fn of(labels: String) -> Self {
        Self { labels, series: Series::new() }
    }

    /// Adds a number to a series; where there is none, nothing is said.
    fn add(&mut self, family: &str, more: &str, number: &Value) {
        if let Some(number) = number.as_f64() {
            let name = format!("github_copilot_{family}{{{}{more}}}", self.labels);
            *self.series.entry(name).or_default() += number;
        }
    }

    fn add_fields(&mut self, family: &str, more: &str, fields: &[Field], of: &Value) {
        for (name, field) in fields {
            self.add(&format!("{family}_{name}"), more, &of[*field]);
        }
    }

    /// What a row about a person says as well as an owner's own record.
    fn add_activity(&mut self, record: &Value) {
        self.add_fields("total", "", &TOTALS, record);
        for element in elements(record, "totals_by_feature") {
            self.add_fields("feature", &label(element, "feature", "feature"), &COUNTERS, element);
        }
        for element in elements(record, "totals_by_ide") {
            self.add_fields("editor", &label(element, "editor", "ide"), &COUNTERS, element);
        }
        for element in elements(record, "totals_by_language_feature") {
            let more = label(element, "language", "language") + &label(element, "feature", "feature");
            self.add_fields("language", &more, &OF_LANGUAGES, element);
        }
        for element in elements(record, "totals_by_model_feature") {
            let more = label(element, "model", "model") + &label(element, "feature", "feature");
            self.add_fields("model", &more, &OF_MODELS, element);
        }
        self.add_client("cli", &record["totals_by_cli"]);
    }

    fn add_client(&mut self, family: &str, client: &Value) {
        self.add_fields(family, "", &CLIENT, client);
        let tokens = &client["token_usage"];
        self.add(&format!("{family}_tokens"), r#",kind="prompt""#, &tokens["prompt_tokens_sum"]);
        self.add(&format!("{family}_tokens"), r#",kind="output""#, &tokens["output_tokens_sum"]);
    }

    /// What only rows about people say: who, and for how many credits.
    fn add_people(&mut self, rows: &[&Value]) {
        for row in rows {
            self.add("ai_credits_used", "", &row["ai_credits_used"]);
        }
        let is_used = |element: &Value| {
            let deletions = ("", "loc_suggested_to_delete_sum");
            COUNTERS.iter().chain([&deletions]).any(|(_, field)| element[*field].as_u64() > Some(0))
        };
        self.add_users(rows, "feature", ("totals_by_feature", "feature"), is_used);
        self.add_users(rows, "editor", ("totals_by_ide", "ide"), |_| true);
    }

    fn add_users(
        &mut self,
        rows: &[&Value],
        name: &str,
        (array, field): (&str, &str),
        is: fn(&Value) -> bool,
    ) {
        let mut users: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        for row in rows {
            for element in elements(row, array).filter(|element| is(element)) {
                let user = row["user_id"].as_u64().unwrap();
                users.entry(label(element, name, field)).or_default().insert(user);
            }
        }
        for (more, users) in users {
            self.add(&format!("{name}_active_users"), &more, &users.len().into());
        }
    }

    /// What only an owner's own record says.
    fn add_record(&mut self, record: &Value) {
        self.add_client("app", &record["totals_by_copilot_app"]);
        for name in ["monthly_active_chat_users", "monthly_active_agent_users"] {
            self.add(name, "", &record[name]);
        }
        for phase in elements(record, "totals_by_ai_adoption_phase") {
            let more = format!(r#",phase="{}""#, phase["phase_number"]);
            self.add("adoption_phase_users", &more, &phase["users_in_phase_28d"]);
            self.add("adoption_phase_active_users", &more, &phase["total_engaged_users"]);
        }
        for agent in elements(record, "totals_by_3rd_party_agent") {
            let more = format!(r#",agent="{}""#, agent["agent_id"].as_str().unwrap().to_lowercase());
            self.add("third_party_agent_sessions", &more, &agent["session_count"]);
            self.add("third_party_agent_jobs", &more, &agent["user_initiated_interaction_count"]);
        }
        self.add_surfaces(record);
        self.add_pull_requests(&record["pull_requests"]);
    }

    fn add_surfaces(&mut self, record: &Value) {
        for period in ["daily", "weekly", "monthly"] {
            let family = format!("surface_{period}_active_users");
            for surface in ["cli", "copilot_app", "vscode_agent", "copilot_cloud_agent"] {
                let more = format!(r#",surface="{surface}""#);
                self.add(&family, &more, &record[format!("{period}_active_{surface}_users")]);
            }
            for kind in ["active", "passive"] {
                let more = format!(r#",surface="code_review_{kind}""#);
                self.add(&family, &more, &record[format!("{period}_{kind}_copilot_code_review_users")]);
            }
        }
    }

    fn add_pull_requests(&mut self, requests: &Value) {
        for name in PULL_REQUESTS {
            self.add(&format!("pull_requests_{name}"), "", &requests[format!("total_{name}")]);
        }
        for (family, all, copilot) in [
            ("suggestions", "total_suggestions", "total_copilot_suggestions"),
            ("suggestions_applied", "total_applied_suggestions", "total_copilot_applied_suggestions"),
        ] {
            let family = format!("pull_request_{family}");
            self.add(&family, r#",author="copilot""#, &requests[copilot]);
            if let (Some(all), Some(copilot)) = (requests[all].as_u64(), requests[copilot].as_u64()) {
                self.add(&family, r#",author="human""#, &(all - copilot).into());
            }
        }
        for (kind, field) in [
            ("all", "median_minutes_to_merge"),
            ("copilot_authored", "median_minutes_to_merge_copilot_authored"),
            ("copilot_reviewed", "median_minutes_to_merge_copilot_reviewed"),
        ] {
            let seconds = requests[field].as_f64().map(|minutes| 60.0 * minutes);
            let family = "pull_request_median_time_to_merge_seconds";
            self.add(family, &format!(r#",kind="{kind}""#), &seconds.into());
        }
    }
}

/// The owner's own record of a day.
async fn record(client: &Client, entity: &Entity, day: NaiveDate) -> Value {
    let (owners, report) = match entity.kind {
        Kind::Organisation => ("orgs", "organization-1-day"),
        Kind::Enterprise => ("enterprises", "enterprise-1-day"),
    };
    let path = format!("/{owners}/{}/copilot/metrics/reports/{report}?day={day}", entity.login);
    client.records(&path).await.remove(0)
}

/// The detail of an owner and its teams on one day.
async fn said(client: &Client, entity: &Entity, day: NaiveDate) -> Series {
    let [users, user_teams] = files(client, entity, day).await;
    let record = record(client, entity, day).await;
    let mut owner = Said::of(labels(entity, None));
    owner.add_activity(&record);
    owner.add_record(&record);
    owner.add_people(&Vec::from_iter(&users));
    let mut series = owner.series;
    for team in &entity.teams {
        let of_team = user_teams.iter().filter(|row| row["team_id"] == team.id);
        let members: BTreeSet<u64> = of_team.map(|row| row["user_id"].as_u64().unwrap()).collect();
        if members.is_empty() {
            continue;
        }
        let is_member = |row: &&Value| members.contains(&row["user_id"].as_u64().unwrap());
        let rows: Vec<_> = users.iter().filter(is_member).collect();
        let mut said = Said::of(labels(entity, Some(team)));
        for (name, _) in TOTALS {
            said.add(&format!("total_{name}"), "", &0.into());
        }
        rows.iter().for_each(|row| said.add_activity(row));
        said.add_people(&rows);
        series.extend(said.series);
    }
    series
}

/// Compares the detail of everybody in a company on one day; how many series that were.
async fn compare(client: &Client, known: Truth<'_>) -> usize {
    let known = Truth { team_detail: true, ..known };
    let mut compared = 0;
    for entity in owners(known.world) {
        let mut expected = known.of(entity);
        expected.retain(|series, _| is_detail(series));
        let said = said(client, entity, known.shown).await;
        let wrong = differences(&expected, &said);
        assert!(wrong.is_empty(), "{}: {wrong:#?}", known.shown);
        compared += said.len();
    }
    compared
}

#[tokio::test]
async fn the_files_of_a_day_read_field_by_field_say_what_people_did_in_detail() {
    let client = Client::start(Options { late: true, ..live() }).await;
    let published = newest(noon());
    // The last but one of these is a Saturday, of which there is little to say.
    for (back, least) in [(0, 3000), (1, 3000), (3, 100), (4, 3000)] {
        let shown = published - Days::new(back);
        let known = Truth { shown, late: true, ..Truth::new(client.world(), published) };
        let compared = compare(&client, known).await;
        assert!(compared > least, "{shown}: {compared}");
    }
}

#[tokio::test]
async fn the_files_of_any_company_read_field_by_field_say_what_people_did_in_detail() {
    for company in COMPANIES {
        let client = Client::start(company_of(company)).await;
        compare(&client, Truth::new(client.world(), newest(noon()))).await;
    }
}
