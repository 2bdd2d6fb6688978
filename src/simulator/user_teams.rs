//! The rows of the user-teams report: who was in which team at the end of a day.
//!
//! Listed is everybody with a licence, active or not. A team with fewer than five of them is left out.

use chrono::NaiveDate;
use serde::Serialize;

use super::world::{Entity, Kind, Person, Team, World};

/// Members with a licence below which a team is left out.
const MINIMUM: usize = 5;

/// A person in a team.
#[derive(Debug, Serialize)]
pub(super) struct UserTeam<'w> {
    day: NaiveDate,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise_id: Option<String>,
    user_id: u64,
    user_login: &'w str,
    team_id: u64,
    slug: &'w str,
}

/// The rows of one team of `entity`.
pub(super) fn rows<'w>(
    world: &'w World,
    entity: &'w Entity,
    team: &'w Team,
    day: NaiveDate,
) -> impl Iterator<Item = UserTeam<'w>> {
    let id = |kind| (entity.kind == kind).then(|| entity.id.to_string());
    let seated: Vec<&Person> = world.members(team, day).filter(|person| person.is_licensed(day)).collect();
    let shown = if seated.len() < MINIMUM { Vec::new() } else { seated };
    shown.into_iter().map(move |person| UserTeam {
        day,
        organization_id: id(Kind::Organisation),
        enterprise_id: id(Kind::Enterprise),
        user_id: person.id,
        user_login: &person.login,
        team_id: team.id,
        slug: &team.slug,
    })
}
