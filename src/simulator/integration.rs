//! The App as GitHub has it, and what GitHub answers it about itself.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hyper::http::StatusCode;
use serde_json::{Map, Value, json};

use super::access;
use super::addresses::{API, SITE, account, simple_user};
use super::answer::Answer;
use super::app::{Install, Permissions, usual};
use super::errors::Refusal;
use super::installations::{Installation, Installations, Minted};
use super::jwt::Signet;
use super::paging::{Page, Paging, Query};
use super::world::{Entity, Kind, World};

/// The name in addresses.
const SLUG: &str = "copilot-exporter";

/// The one App there is.
pub(super) struct Integration {
    pub(super) signet: Signet,
    pub(super) installations: Installations,
    /// When it was registered, and when its first installations were made.
    registered: DateTime<Utc>,
}

impl Integration {
    /// The App with that signet, installed where `installs` says; everywhere if that says nothing.
    pub(super) fn new(
        signet: Signet,
        installs: &[Install],
        world: &World,
        registered: DateTime<Utc>,
    ) -> Self {
        let seed = signet.id;
        let new = Self { signet, installations: Installations::new(seed), registered };
        let everywhere: Vec<_> = world.owners().map(|owner| Install::on(&owner.login)).collect();
        for install in if installs.is_empty() { &everywhere } else { installs } {
            if let Some(entity) = world.owner(&install.owner) {
                new.installations.install(install, entity, registered);
            }
        }
        new
    }

    /// `GET /app`.
    pub(super) fn about(&self, world: &World) -> Value {
        let permissions: Permissions =
            [Kind::Organisation, Kind::Enterprise].into_iter().flat_map(usual).collect();
        json!({
            "id": self.signet.id,
            "slug": SLUG,
            "node_id": format!("A_{}", self.signet.id),
            "client_id": self.signet.client_id,
            "owner": world.orgs().first().map(account),
            "name": "Copilot exporter",
            "description": null,
            "external_url": format!("{SITE}/apps/{SLUG}"),
            "html_url": format!("{SITE}/apps/{SLUG}"),
            "created_at": written(self.registered),
            "updated_at": written(self.registered),
            "permissions": permissions,
            "events": [],
            "installations_count": self.installations.all().len(),
        })
    }

    /// One page of `GET /app/installations`.
    pub(super) fn page(&self, world: &World, query: &Query) -> Page<Value> {
        Paging::of(query, 30, 100).pick(&self.installations.all(), |there| self.shown(there, world))
    }

    /// `GET /orgs/{org}/installation` and its twin.
    ///
    /// # Errors
    /// 404 where the App is not installed.
    pub(super) fn on(&self, entity: Option<&Entity>, world: &World) -> Result<Value, Refusal> {
        let all = self.installations.all();
        let is_there = |there: &&Installation| {
            entity.is_some_and(|entity| (there.kind, there.target) == (entity.kind, entity.id))
        };
        all.iter().find(is_there).map(|there| self.shown(there, world)).ok_or_else(Refusal::not_found)
    }

    /// `POST /app/installations/{id}/access_tokens`.
    ///
    /// # Errors
    /// 400 for a body that cannot be read, 403, 404, 422 for permissions that the installation does not have.
    pub(super) fn mint(&self, id: &str, body: Option<&[u8]>, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let wanted = wanted(body)?;
        let choose = |there: &Installation| chosen(there, wanted.as_ref());
        let Minted { token, expires, permissions } = self.installations.mint(id, now, choose)?;
        let body = json!({
            "token": token,
            "expires_at": written(expires),
            "permissions": permissions,
            "repository_selection": "all",
        });
        Ok(Answer::json(StatusCode::CREATED, &body))
    }

    fn shown(&self, there: &Installation, world: &World) -> Value {
        let (target_type, settings) = match there.kind {
            Kind::Organisation => ("Organization", format!("{SITE}/organizations/{}", there.login)),
            Kind::Enterprise => ("Enterprise", format!("{SITE}/enterprises/{}", there.login)),
        };
        let who = there.suspended.and_then(|_| world.people().first()).map(simple_user);
        json!({
            "id": there.id,
            "client_id": self.signet.client_id,
            "account": there.account,
            "repository_selection": "all",
            "access_tokens_url": format!("{API}/app/installations/{}/access_tokens", there.id),
            "repositories_url": format!("{API}/installation/repositories"),
            "html_url": format!("{settings}/settings/installations/{}", there.id),
            "app_id": self.signet.id,
            "app_slug": SLUG,
            "target_id": there.target,
            "target_type": target_type,
            "permissions": there.permissions,
            "events": [],
            "created_at": written(there.created),
            "updated_at": written(there.updated),
            "single_file_name": null,
            "has_multiple_single_files": false,
            "single_file_paths": [],
            "suspended_by": who,
            "suspended_at": there.suspended.map(written),
        })
    }
}

/// The `permissions` in the body of a request for a token; `None` when it asks for nothing in particular.
fn wanted(body: Option<&[u8]>) -> Result<Option<Permissions>, Refusal> {
    if body.is_some_and(|body| body.trim_ascii().is_empty()) {
        return Ok(None);
    }
    let bad = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, message);
    let body: Option<Value> = body.and_then(|body| serde_json::from_slice(body).ok());
    let body = body.ok_or_else(|| bad("Problems parsing JSON"))?;
    let body: &Map<String, Value> = body.as_object().ok_or_else(|| bad("Body should be a JSON object"))?;
    let Some(permissions) = body.get("permissions").filter(|value| !value.is_null()) else { return Ok(None) };
    let read = serde_json::from_value::<BTreeMap<_, _>>(permissions.clone());
    read.map(Some).map_err(|_| unprocessable("Invalid request: `permissions` is an object of strings."))
}

/// What a token gets of what the installation has.
fn chosen(there: &Installation, wanted: Option<&Permissions>) -> Result<Permissions, Refusal> {
    let Some(wanted) = wanted else { return Ok(there.permissions.clone()) };
    if there.kind == Kind::Enterprise {
        return Err(unprocessable("Permissions cannot be chosen for an enterprise installation."));
    }
    let has = |(name, access): (&String, &String)| {
        let held = there.permissions.get(name);
        held.is_some_and(|held| access::grants(&format!("{name}:{held}"), &format!("{name}:{access}")))
    };
    if !wanted.iter().all(has) {
        return Err(unprocessable("The permissions requested are not granted to this installation."));
    }
    // This one comes along with every other.
    let metadata = there.permissions.get_key_value("metadata");
    let metadata = metadata.map(|(name, access)| (name.clone(), access.clone()));
    Ok(metadata.into_iter().chain(wanted.clone()).collect())
}

fn unprocessable(message: &str) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

fn written(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
