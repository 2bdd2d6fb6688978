//! What usage answers must say, added up from people without any shortcut.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use github_copilot_exporter::simulator::{Deed, Person, Team, World};
use serde_json::{Value, json};

/// The usage of these people on a day.
pub(crate) fn day<'w>(world: &World, people: impl IntoIterator<Item = &'w Person>, day: NaiveDate) -> Value {
    let people = people.into_iter().filter(|person| person.telemetry);
    let deeds: Vec<(u64, Deed)> = people
        .flat_map(|person| world.deeds(person, day).into_iter().map(|deed| (person.id, deed)))
        .collect();
    let feature =
        |names: &'static [&str]| deeds.iter().filter(|(_, deed)| names.contains(&deed.feature.name()));
    let shown = || feature(&["code_completion"]);
    let chat = || {
        feature(&[
            "chat_inline",
            "chat_panel_ask_mode",
            "chat_panel_edit_mode",
            "chat_panel_plan_mode",
            "chat_panel_agent_mode",
        ])
    };
    json!({
        "day": day.to_string(),
        "total_suggestions_count": shown().map(|(_, deed)| deed.generations).sum::<u64>(),
        "total_acceptances_count": shown().map(|(_, deed)| deed.acceptances).sum::<u64>(),
        "total_lines_suggested": shown().map(|(_, deed)| deed.lines_suggested).sum::<u64>(),
        "total_lines_accepted": shown().map(|(_, deed)| deed.lines_added).sum::<u64>(),
        "total_active_users": users(shown()),
        "total_chat_acceptances": chat().map(|(_, deed)| deed.acceptances).sum::<u64>(),
        "total_chat_turns": chat().map(|(_, deed)| deed.interactions).sum::<u64>(),
        "total_active_chat_users": users(chat()),
        "breakdown": breakdown(shown()),
    })
}

/// The usage of a team on those of `days` on which it is large enough to be shown.
pub(crate) fn team(world: &World, team: &Team, days: &[NaiveDate]) -> Vec<Value> {
    let licensed =
        |day| world.members(team, day).filter(|member| world.is_licensed(member, day)).collect::<Vec<_>>();
    let large = days.iter().filter(|day| licensed(**day).len() >= 5);
    large.map(|shown| day(world, world.members(team, *shown), *shown)).collect()
}

fn users<'d>(deeds: impl Iterator<Item = &'d (u64, Deed)>) -> usize {
    deeds.map(|(person, _)| person).collect::<BTreeSet<_>>().len()
}

fn breakdown<'d>(deeds: impl Iterator<Item = &'d (u64, Deed)>) -> Vec<Value> {
    let mut rows: BTreeMap<_, Vec<&(u64, Deed)>> = BTreeMap::new();
    for deed in deeds {
        rows.entry((deed.1.language.unwrap(), deed.1.editor.unwrap())).or_default().push(deed);
    }
    let row = |((language, editor), deeds): (_, Vec<&(u64, Deed)>)| {
        let editor: github_copilot_exporter::simulator::Editor = editor;
        let sum = |count: fn(&Deed) -> u64| deeds.iter().map(|(_, deed)| count(deed)).sum::<u64>();
        json!({
            "language": language,
            "editor": if editor.ide_name() == "intellij" { "jetbrains" } else { editor.ide_name() },
            "suggestions_count": sum(|deed| deed.generations),
            "acceptances_count": sum(|deed| deed.acceptances),
            "lines_suggested": sum(|deed| deed.lines_suggested),
            "lines_accepted": sum(|deed| deed.lines_added),
            "active_users": users(deeds.iter().copied()),
        })
    };
    rows.into_iter().map(row).collect()
}
