//! Who asks, and what they may see: tokens, scopes, permissions and roles.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName};
use hyper::http::StatusCode;

use super::errors::Refusal;
use super::installations::Pass;
use super::integration::Integration;
use super::jwt::Denial;
use super::routes::View;
use super::world::{Entity, Kind};

/// The scopes a classic token has, as GitHub says on every answer to one.
pub(super) const X_OAUTH_SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
const X_ACCEPTED_OAUTH_SCOPES: HeaderName = HeaderName::from_static("x-accepted-oauth-scopes");
/// The permissions of which one is missing.
pub(super) const X_ACCEPTED_PERMISSIONS: HeaderName =
    HeaderName::from_static("x-accepted-github-permissions");

/// A bearer token and what it is good for.
///
/// Written `NAME=scope+scope[@org+org:member]`: `NAME` is the token itself, the scopes are classic ones
/// (`read:org`) or fine-grained permissions (`members:read`). Without `@` the holder owns the whole
/// company; with it only those organisations, or with `:member` is merely one of their members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    name: String,
    grants: Vec<String>,
    orgs: Option<Vec<(String, Role)>>,
}

/// What somebody is in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Member,
    Owner,
}

/// Who sent a request.
#[derive(Debug)]
pub(super) enum Caller<'t> {
    /// No `Authorization` at all.
    Nobody,
    /// An `Authorization` that holds no known token.
    Stranger,
    /// The holder of a token.
    Holder(&'t Token),
    /// The App on one account, with a token made for that.
    Installation(Pass),
    /// The App of that number itself, with a JSON web token.
    App(u64),
    /// Somebody who cannot show to be the App.
    Impostor(Denial),
}

/// What a view asks of a caller: one of the scopes or one of the permissions, and the role.
#[derive(Debug)]
pub(super) struct Needs {
    scopes: &'static [&'static str],
    pub(super) permissions: &'static [&'static str],
    role: Role,
}

/// What each view asks, by kind of owner. An organisation's usage and its teams' ask the same.
pub(super) fn needs(view: View, kind: Kind) -> Needs {
    match (view, kind) {
        (View::Usage, Kind::Organisation) => Needs {
            scopes: &["manage_billing:copilot", "read:org", "read:enterprise"],
            permissions: &["organization_copilot_seat_management:read", "organization_administration:read"],
            role: Role::Owner,
        },
        (View::Usage, Kind::Enterprise) => Needs {
            scopes: &["manage_billing:copilot", "read:enterprise"],
            permissions: &[],
            role: Role::Owner,
        },
        (View::Report(_), Kind::Organisation) => Needs {
            scopes: &["read:org"],
            permissions: &["organization_copilot_metrics:read"],
            role: Role::Owner,
        },
        (View::Report(_), Kind::Enterprise) => Needs {
            scopes: &["manage_billing:copilot", "read:enterprise"],
            permissions: &["enterprise_copilot_metrics:read"],
            role: Role::Owner,
        },
        (View::Billing | View::Seats, Kind::Organisation) => Needs {
            scopes: &["manage_billing:copilot", "read:org"],
            permissions: &["organization_copilot_seat_management:read", "organization_administration:read"],
            role: Role::Owner,
        },
        (View::Billing | View::Seats | View::Spending(_), Kind::Enterprise) => Needs {
            scopes: &["manage_billing:copilot", "read:enterprise"],
            permissions: &[],
            role: Role::Owner,
        },
        // GitHub documents no scopes for classic tokens here: those that all the rest asks for.
        (View::Spending(_), Kind::Organisation) => Needs {
            scopes: &["manage_billing:copilot", "read:org"],
            permissions: &["organization_administration:read"],
            role: Role::Owner,
        },
        (View::Teams, Kind::Organisation) => {
            Needs { scopes: &["read:org"], permissions: &["members:read"], role: Role::Member }
        }
        (View::Teams, Kind::Enterprise) => {
            Needs { scopes: &["read:enterprise"], permissions: &[], role: Role::Owner }
        }
    }
}

impl<'t> Caller<'t> {
    /// Whoever the `Authorization` header says, as `Bearer NAME` or `token NAME`.
    pub(super) fn of(
        headers: &HeaderMap,
        tokens: &'t [Token],
        integration: Option<&Integration>,
        now: DateTime<Utc>,
    ) -> Self {
        if !headers.contains_key(AUTHORIZATION) {
            return Self::Nobody;
        }
        let Some(name) = credential(headers, &["bearer", "token"]) else { return Self::Stranger };
        if let Some(token) = tokens.iter().find(|token| token.name == name) {
            return Self::Holder(token);
        }
        let pass = integration.and_then(|integration| integration.installations.pass(name, now));
        pass.map_or(Self::Stranger, Self::Installation)
    }

    /// The App, if the `Authorization` header is `Bearer` and its JSON web token.
    pub(super) fn as_app(headers: &HeaderMap, integration: Option<&Integration>, now: DateTime<Utc>) -> Self {
        let token = credential(headers, &["bearer"]).unwrap_or_default();
        match integration.map(|integration| (&integration.signet, integration.signet.check(token, now))) {
            Some((signet, Ok(()))) => Self::App(signet.id),
            Some((_, Err(denial))) => Self::Impostor(denial),
            None => Self::Impostor(Denial::Undecodable),
        }
    }

    /// Whose requests are counted together. No token is called anything with a space in it.
    pub(super) fn bucket(&self) -> Option<String> {
        match self {
            Self::Nobody | Self::Stranger | Self::Impostor(_) => None,
            Self::Holder(token) => Some(token.name.clone()),
            Self::Installation(pass) => Some(format!("installation {}", pass.installation)),
            Self::App(id) => Some(format!("app {id}")),
        }
    }

    /// What a rate limit calls the caller.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Nobody | Self::Stranger | Self::Impostor(_) => "your address".into(),
            Self::Holder(_) => "this token".into(),
            Self::Installation(pass) => format!("installation ID {}", pass.installation),
            Self::App(id) => format!("app ID {id}"),
        }
    }

    /// The value of `X-OAuth-Scopes`, which fine-grained tokens do not have.
    pub(super) fn scopes(&self) -> Option<String> {
        match self {
            Self::Holder(token) if !token.is_fine_grained() => Some(token.grants.join(", ")),
            _ => None,
        }
    }

    /// Lets everybody pass who has sound credentials or none.
    ///
    /// # Errors
    /// 401 for credentials that are none, even where none are needed; 403 for a suspended installation.
    pub(super) fn is_sound(&self) -> Result<(), Refusal> {
        match self {
            Self::Nobody | Self::Holder(_) | Self::App(_) => Ok(()),
            Self::Stranger => Err(Refusal::usual(StatusCode::UNAUTHORIZED)),
            Self::Installation(pass) => pass.is_in_force(),
            Self::Impostor(denial) => Err(denial.refusal()),
        }
    }

    /// Lets the caller have this view of `entity`, which is `None` when there is none of that name.
    ///
    /// # Errors
    /// 401 without a token, 404 for what they may not know of, 403 for what they know but may not see.
    pub(super) fn admit<'w>(&self, view: View, entity: Option<&'w Entity>) -> Result<&'w Entity, Refusal> {
        match self {
            Self::Holder(token) => token.admit(view, entity),
            Self::Installation(pass) => pass.admit(view, entity),
            _ => Err(Refusal::requires_authentication()),
        }
    }
}

impl Needs {
    /// The value of `X-Accepted-GitHub-Permissions`; `None` where no fine-grained token and no App is good.
    pub(super) fn accepted_permissions(&self) -> Option<String> {
        let named = !self.permissions.is_empty();
        named.then(|| self.permissions.join("; ").replace(':', "="))
    }
}

impl Token {
    /// The bearer token itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The logins after `@`.
    pub(super) fn orgs(&self) -> impl Iterator<Item = &str> {
        self.orgs.iter().flatten().map(|(login, _)| login.as_str())
    }

    /// Lets the holder have this view of `entity`, which is `None` when there is none of that name.
    ///
    /// # Errors
    /// 404 for what the holder may not know of, 403 for what they know but may not see.
    fn admit<'w>(&self, view: View, entity: Option<&'w Entity>) -> Result<&'w Entity, Refusal> {
        let entity = entity.ok_or_else(Refusal::not_found)?;
        let role = self.role_in(entity).ok_or_else(Refusal::not_found)?;
        let needs = needs(view, entity.kind);
        if !self.has_one_of(needs.scopes) && !self.has_one_of(needs.permissions) {
            return Err(self.falls_short(view, &needs));
        }
        if role < needs.role {
            let message = "This endpoint requires admin, or a role in the organization that grants access.";
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        Ok(entity)
    }

    /// What the holder is in `entity`; `None` means they may not even know of it.
    fn role_in(&self, entity: &Entity) -> Option<Role> {
        let Some(orgs) = &self.orgs else { return Some(Role::Owner) };
        let is_there = |(login, _): &&(String, Role)| login.eq_ignore_ascii_case(&entity.login);
        let found = orgs.iter().find(is_there).map(|(_, role)| *role);
        found.filter(|_| entity.kind == Kind::Organisation)
    }

    fn has_one_of(&self, wanted: &[&str]) -> bool {
        wanted.iter().any(|wanted| self.grants.iter().any(|held| grants(held, wanted)))
    }

    /// Classic scopes put the verb first (`read:org`), permissions last (`members:read`).
    fn is_fine_grained(&self) -> bool {
        self.grants.iter().any(|grant| grant.ends_with(":read") || grant.ends_with(":write"))
    }

    fn falls_short(&self, view: View, needs: &Needs) -> Refusal {
        if self.is_fine_grained() {
            let message = "Resource not accessible by personal access token";
            let refusal = Refusal::new(StatusCode::FORBIDDEN, message);
            // Nothing to name where GitHub takes no fine-grained token at all.
            return match needs.accepted_permissions() {
                None => refusal,
                Some(accepted) => refusal.with(X_ACCEPTED_PERMISSIONS, accepted),
            };
        }
        if let View::Spending(_) = view {
            // GitHub names none for costs.
            return Refusal::new(StatusCode::FORBIDDEN, "This token may not use this endpoint.");
        }
        let message =
            format!("This endpoint needs a token with one of the scopes: {}.", needs.scopes.join(", "));
        Refusal::new(StatusCode::FORBIDDEN, message).with(X_ACCEPTED_OAUTH_SCOPES, needs.scopes.join(", "))
    }
}

/// What the `Authorization` header says after one of these schemes.
fn credential<'h>(headers: &'h HeaderMap, schemes: &[&str]) -> Option<&'h str> {
    let (scheme, credential) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    schemes.contains(&scheme.to_ascii_lowercase().as_str()).then(|| credential.trim())
}

/// Whether holding one scope or permission gives another one too.
pub(super) fn grants(held: &str, wanted: &str) -> bool {
    let implied: &[&str] = match held {
        "admin:org" => &["write:org", "read:org"],
        "write:org" => &["read:org"],
        "admin:enterprise" => &["manage_billing:enterprise", "read:enterprise"],
        "copilot" => &["manage_billing:copilot"],
        _ => &[],
    };
    let writes = held.strip_suffix(":write").zip(wanted.strip_suffix(":read"));
    held == wanted || implied.contains(&wanted) || writes.is_some_and(|(held, wanted)| held == wanted)
}

impl Default for Token {
    fn default() -> Self {
        let grants = ["manage_billing:copilot", "read:org", "read:enterprise"];
        Self { name: "octocat-demo-token".into(), grants: grants.map(Into::into).into(), orgs: None }
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(spec: &str) -> Result<Self, String> {
        let (name, rest) = spec.split_once('=').ok_or("a token is written NAME=scope+scope[@org+org]")?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("the NAME of a token is one or more visible ASCII characters".into());
        }
        let (grants, orgs) = rest.split_once('@').map_or((rest, None), |(grants, orgs)| (grants, Some(orgs)));
        let grants = match grants {
            "" => Vec::new(),
            some => some.split('+').map(grant).collect::<Result<_, _>>()?,
        };
        let orgs = orgs.map(|orgs| orgs.split('+').map(membership).collect()).transpose()?;
        Ok(Self { name: name.into(), grants, orgs })
    }
}

fn grant(word: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || b":_".contains(&byte);
    let sound = !word.is_empty() && word.bytes().all(fits);
    sound.then(|| word.to_owned()).ok_or_else(|| format!("`{word}` is no scope; scopes look like read:org"))
}

fn membership(word: &str) -> Result<(String, Role), String> {
    let (login, role) = match word.split_once(':') {
        None => (word, Role::Owner),
        Some((login, "member")) => (login, Role::Member),
        Some((_, role)) => return Err(format!("`{role}` is no role; the only one to write is ORG:member")),
    };
    let sound = !login.is_empty() && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    sound.then(|| (login.to_owned(), role)).ok_or_else(|| format!("`{login}` is no organisation's login"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_as_they_are_written() {
        let token: Token = "t0=read:org+members:read@octo-labs+octo-pay:member".parse().unwrap();
        assert_eq!(token.name, "t0");
        assert_eq!(token.grants, ["read:org", "members:read"]);
        assert_eq!(
            token.orgs,
            Some(vec![("octo-labs".into(), Role::Owner), ("octo-pay".into(), Role::Member)])
        );
        let bare: Token = "t1=".parse().unwrap();
        assert_eq!((bare.grants.len(), bare.orgs), (0, None));
    }

    #[test]
    fn what_is_no_token_is_refused_in_words() {
        for (spec, expected) in [
            ("t0", "a token is written NAME=scope+scope[@org+org]"),
            ("=read:org", "the NAME of a token is one or more visible ASCII characters"),
            ("a b=read:org", "the NAME of a token is one or more visible ASCII characters"),
            ("t=read:org+", "`` is no scope; scopes look like read:org"),
            ("t=read org", "`read org` is no scope; scopes look like read:org"),
            ("t=read:org@", "`` is no organisation's login"),
            ("t=read:org@octo:admin", "`admin` is no role; the only one to write is ORG:member"),
        ] {
            assert_eq!(spec.parse::<Token>().unwrap_err(), expected, "{spec}");
        }
    }

    #[test]
    fn larger_scopes_include_smaller_ones() {
        for (held, wanted, given) in [
            ("read:org", "read:org", true),
            ("admin:org", "read:org", true),
            ("write:org", "read:org", true),
            ("admin:enterprise", "read:enterprise", true),
            ("read:org", "admin:org", false),
            ("admin:enterprise", "read:org", false),
            ("members:write", "members:read", true),
            ("members:read", "members:write", false),
            ("repo", "read:org", false),
        ] {
            assert_eq!(grants(held, wanted), given, "{held} for {wanted}");
        }
    }
}
