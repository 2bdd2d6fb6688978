//! What records must say of signals, added up from people without any shortcut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use github_copilot_exporter::simulator::{
    CustomisationKind, Feature, Merge, Person, PullRequests, Signals, World,
};
use serde_json::{Map, Value, json};

/// What is reported of somebody's signals: their own machine tells two things.
pub(crate) fn reported(world: &World, person: &Person, day: NaiveDate) -> Signals {
    let mut signals = world.signals(person, day);
    if !person.telemetry {
        signals.vscode_agent = None;
        signals.customisations.clear();
    }
    signals
}

/// Whether somebody did something on a day.
type Does<'w> = Box<dyn Fn(&Person, NaiveDate) -> bool + 'w>;

/// The numbers of users over one, seven and 28 days up to `day`.
pub(crate) fn audience(
    world: &World,
    people: &[&Person],
    day: NaiveDate,
    is_reported: &dyn Fn(NaiveDate) -> bool,
) -> Map<String, Value> {
    let signal = |is: fn(&Signals) -> bool| -> Does<'_> {
        Box::new(move |person, day| is(&reported(world, person, day)))
    };
    let feature = |feature| -> Does<'_> {
        Box::new(move |person, day| {
            person.telemetry && world.deeds(person, day).iter().any(|deed| deed.feature == feature)
        })
    };
    let active = signal(|signals| signals.review_active);
    let kinds: [(&str, Does<'_>); 6] = [
        ("active_cli_users", feature(Feature::CopilotCli)),
        ("active_copilot_app_users", feature(Feature::CopilotApp)),
        ("active_vscode_agent_users", signal(|signals| signals.vscode_agent.is_some())),
        ("active_copilot_cloud_agent_users", signal(|signals| signals.cloud_agent)),
        ("active_copilot_code_review_users", signal(|signals| signals.review_active)),
        ("passive_copilot_code_review_users", signal(|signals| signals.review_passive)),
    ];
    let mut record = Map::new();
    for (span, count) in [("daily", 1), ("weekly", 7), ("monthly", 28)] {
        let days: Vec<_> =
            (0..count).map(|back| day - Days::new(back)).filter(|day| is_reported(*day)).collect();
        for (name, does) in &kinds {
            let is = |person: &&&Person| days.iter().any(|day| does(person, *day));
            let asks = |person: &&&Person| days.iter().any(|day| active(person, *day));
            let counted =
                people.iter().filter(is).filter(|person| !name.starts_with("passive") || !asks(person));
            let users = counted.count();
            if users > 0 || *name != "active_cli_users" {
                record.insert(format!("{span}_{name}"), json!(users));
            }
        }
    }
    record
}

/// Everything about agents, extensions and pull requests on a day.
pub(crate) fn totals(signals: &[Signals]) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("totals_by_3rd_party_agent".into(), third_party(signals, true));
    record.extend(window(signals).map(|window| ("totals_by_vscode_agent".to_owned(), window)));
    record.extend(customisations(signals));
    record.insert("pull_requests".into(), pull_requests(signals));
    record
}

/// The Agents window, if anybody used it.
pub(crate) fn window(signals: &[Signals]) -> Option<Value> {
    let windows: Vec<_> = signals.iter().filter_map(|signals| signals.vscode_agent).collect();
    let sessions: u64 = windows.iter().map(|window| window.sessions).sum();
    let messages: u64 = windows.iter().map(|window| window.messages).sum();
    (!windows.is_empty()).then(|| json!({ "session_count": sessions, "total_user_messages": messages }))
}

/// Other companies' agents.
pub(crate) fn third_party(signals: &[Signals], with_sessions: bool) -> Value {
    let jobs = || signals.iter().flat_map(|signals| &signals.third_party);
    let agents: BTreeSet<_> = jobs().map(|agent| (agent.id, agent.name)).collect();
    let row = |(id, name)| {
        let of = || jobs().filter(|agent| agent.id == id);
        let mut row = json!({
            "agent_id": id,
            "agent_name": name,
            "user_initiated_interaction_count": of().map(|agent| agent.jobs).sum::<u64>(),
        });
        if with_sessions {
            row["session_count"] = json!(of().map(|agent| agent.sessions).sum::<u64>());
        }
        row
    };
    agents.into_iter().map(row).collect()
}

/// The extensions of the command line that are used most, and how many there are.
pub(crate) fn customisations(signals: &[Signals]) -> Map<String, Value> {
    let mut record = Map::new();
    for kind in CustomisationKind::ALL {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for used in
            signals.iter().flat_map(|signals| &signals.customisations).filter(|used| used.kind == kind)
        {
            *counts.entry(used.name).or_default() += used.count;
        }
        if counts.is_empty() {
            continue;
        }
        let field = kind.field();
        record.insert(format!("distinct_{field}_use_count"), json!(counts.len()));
        let mut ranking: Vec<_> = counts.into_iter().collect();
        ranking.sort_by_key(|(name, count)| (u64::MAX - count, *name));
        ranking.truncate(5);
        let rows =
            ranking.into_iter().map(|(name, count)| json!({ field: name, "interaction_count": count }));
        record.insert(format!("totals_by_{field}"), rows.collect());
    }
    record
}

fn pull_requests(signals: &[Signals]) -> Value {
    let sum = |count: fn(&PullRequests) -> u64| -> u64 {
        signals.iter().map(|signals| count(&signals.pull_requests)).sum()
    };
    let merged: Vec<Merge> =
        signals.iter().flat_map(|signals| signals.pull_requests.merged.clone()).collect();
    let authored: Vec<_> = merged.iter().filter(|merge| merge.authored_by_copilot).copied().collect();
    let reviewed: Vec<_> = merged.iter().filter(|merge| merge.reviewed_by_copilot).copied().collect();
    let comments = || signals.iter().flat_map(|signals| &signals.pull_requests.comments);
    let suggested: u64 = comments().map(|comment| comment.suggestions).sum();
    let applied: u64 = comments().map(|comment| comment.applied).sum();
    let mut body = json!({
        "total_created": sum(|pulls| pulls.created),
        "total_reviewed": sum(|pulls| pulls.reviewed),
        "total_merged": merged.len(),
        "total_suggestions": sum(|pulls| pulls.suggestions) + suggested,
        "total_applied_suggestions": sum(|pulls| pulls.applied_suggestions) + applied,
        "total_created_by_copilot": sum(|pulls| pulls.created_by_copilot),
        "total_reviewed_by_copilot": sum(|pulls| pulls.reviewed_by_copilot),
        "total_merged_created_by_copilot": authored.len(),
        "total_merged_reviewed_by_copilot": reviewed.len(),
        "total_copilot_suggestions": suggested,
        "total_copilot_applied_suggestions": applied,
    });
    for (name, merges) in [("", &merged), ("_copilot_authored", &authored), ("_copilot_reviewed", &reviewed)]
    {
        if let Some(median) = median(merges) {
            body[format!("median_minutes_to_merge{name}")] = json!(median);
        }
    }
    let kinds: BTreeSet<_> = comments().map(|comment| comment.kind).collect();
    let row = |kind| {
        let of = || comments().filter(|comment| comment.kind == kind);
        json!({
            "comment_type": kind,
            "total_copilot_suggestions": of().map(|comment| comment.suggestions).sum::<u64>(),
            "total_copilot_applied_suggestions": of().map(|comment| comment.applied).sum::<u64>(),
        })
    };
    body["copilot_suggestions_by_comment_type"] = kinds.into_iter().map(row).collect();
    body
}

/// The middle of the minutes, or between the two in the middle.
pub(crate) fn median(merges: &[Merge]) -> Option<f64> {
    let mut minutes: Vec<_> = merges.iter().map(|merge| merge.minutes as f64).collect();
    minutes.sort_by(f64::total_cmp);
    match minutes.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(minutes[odd / 2]),
        even => Some((minutes[even / 2 - 1] + minutes[even / 2]) / 2.0),
    }
}
