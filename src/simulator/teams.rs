//! The lists of teams.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::addresses::{API, SITE};
use super::paging::{Page, Paging, Query};
use super::world::{Entity, Kind, Team};

/// The page of teams that `query` asks for.
pub(super) fn page(entity: &Entity, founded: NaiveDate, query: &Query) -> Page<Value> {
    let body = |team: &Team| match entity.kind {
        Kind::Organisation => org_team(entity, team),
        Kind::Enterprise => enterprise_team(entity, team, founded),
    };
    Paging::of(query, 30, 100).pick(&entity.teams, body)
}

/// A team of an organisation, with its parent.
pub(super) fn org_team(org: &Entity, team: &Team) -> Value {
    let parent = team.parent.and_then(|id| org.teams.iter().find(|team| team.id == id));
    let mut body = simple_team(org, team);
    body["parent"] = parent.map_or(Value::Null, |parent| simple_team(org, parent));
    body
}

/// A team as it stands inside another one's `parent`.
fn simple_team(org: &Entity, team: &Team) -> Value {
    let Team { id, name, slug, .. } = team;
    let url = format!("{API}/organizations/{}/team/{id}", org.id);
    json!({
        "id": id,
        "node_id": format!("T_{id}"),
        "url": url,
        "html_url": format!("{SITE}/orgs/{}/teams/{slug}", org.login),
        "name": name,
        "slug": slug,
        "description": id.is_multiple_of(3).then(|| format!("The people of {name}")),
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "pull",
        "type": "organization",
        "organization_id": org.id,
        "members_url": format!("{url}/members{{/member}}"),
        "repositories_url": format!("{url}/repos"),
    })
}

/// A team of the enterprise, which GitHub describes in another shape.
fn enterprise_team(enterprise: &Entity, team: &Team, founded: NaiveDate) -> Value {
    let Team { id, name, slug, .. } = team;
    let url = format!("{API}/enterprises/{}/teams/{slug}", enterprise.login);
    let created = format!("{founded}T09:00:00Z");
    json!({
        "id": id,
        "name": name,
        "slug": slug,
        "url": url,
        "html_url": format!("{SITE}/enterprises/{}/teams/{slug}", enterprise.login),
        "members_url": format!("{url}/members{{/member}}"),
        "group_id": null,
        "created_at": created,
        "updated_at": created,
    })
}
