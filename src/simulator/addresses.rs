//! Where bodies say that things are.
//!
//! The hosts do not exist on purpose: bodies must not depend on the port, and a client that follows an
//! address must not carry its token anywhere.

use serde_json::{Value, json};

use super::world::{Entity, Kind, Person};

/// The host of the API.
pub(super) const API: &str = "https://api.github.example";
/// The host people look at.
pub(super) const SITE: &str = "https://github.example";
/// The host of the pictures.
const AVATARS: &str = "https://avatars.github.example";

/// A person as GitHub describes one in passing.
pub(super) fn simple_user(person: &Person) -> Value {
    let Person { id, login, .. } = person;
    let url = format!("{API}/users/{login}");
    json!({
        "login": login,
        "id": id,
        "node_id": format!("U_{id}"),
        "avatar_url": format!("{AVATARS}/u/{id}"),
        "gravatar_id": "",
        "url": url,
        "html_url": format!("{SITE}/{login}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"),
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": "User",
        "site_admin": false,
    })
}

/// An organisation as GitHub describes one in passing.
pub(super) fn simple_organisation(org: &Entity) -> Value {
    let Entity { id, login, .. } = org;
    let url = format!("{API}/orgs/{login}");
    json!({
        "login": login,
        "id": id,
        "node_id": format!("O_{id}"),
        "url": url,
        "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"),
        "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"),
        "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("{AVATARS}/u/{id}"),
        "description": null,
    })
}

/// An organisation or the enterprise as the account an App is installed on.
pub(super) fn account(entity: &Entity) -> Value {
    let Entity { id, login, kind, .. } = entity;
    match kind {
        Kind::Organisation => {
            let mut account = simple_organisation(entity);
            account["type"] = "Organization".into();
            account
        }
        // Enterprises have a slug and no login.
        Kind::Enterprise => json!({
            "id": id,
            "node_id": format!("E_{id}"),
            "slug": login,
            "name": login,
            "description": null,
            "website_url": null,
            "html_url": format!("{SITE}/enterprises/{login}"),
            "avatar_url": format!("{AVATARS}/b/{id}"),
        }),
    }
}
