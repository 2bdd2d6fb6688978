//! Where the App is installed, and the tokens that open what it may see there.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use hyper::http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;

use super::access::{self, Needs, X_ACCEPTED_PERMISSIONS, needs};
use super::addresses;
use super::app::{Install, Permissions};
use super::dice::mix;
use super::errors::Refusal;
use super::routes::View;
use super::world::{Entity, Kind};

/// The number of the first installation; the others follow it.
const FIRST: u64 = 40_000_001;

/// How long a token works.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// The App on one account.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    pub(super) id: u64,
    pub(super) kind: Kind,
    /// The account's number.
    pub(super) target: u64,
    /// An organisation's login, the enterprise's slug.
    pub(super) login: String,
    /// The account as GitHub describes it in passing.
    pub(super) account: Value,
    pub(super) permissions: Permissions,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// Since when, if it is.
    pub(super) suspended: Option<DateTime<Utc>>,
}

/// A token just made.
#[derive(Debug)]
pub(super) struct Minted {
    pub(super) token: String,
    pub(super) expires: DateTime<Utc>,
    pub(super) permissions: Permissions,
}

/// What a valid token opens.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) installation: u64,
    kind: Kind,
    /// The number of the one account it is good for.
    target: u64,
    /// As fine-grained tokens have them: `members:read`.
    grants: Vec<String>,
    suspended: bool,
}

/// All installations and their tokens.
pub(super) struct Installations {
    /// What tokens are made of. No cryptography: nothing here is secret.
    seed: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// In the order of their numbers.
    installations: Vec<Installation>,
    /// How many there ever were: one that comes back has a new number.
    installed: u64,
    tokens: HashMap<String, Lent>,
    minted: u64,
}

/// What a token stands for.
struct Lent {
    installation: u64,
    permissions: Permissions,
    expires: DateTime<Utc>,
}

impl Installations {
    /// None yet.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, held: Mutex::default() }
    }

    /// Installs the App on `entity`, or changes what it may do and whether it is suspended; its number.
    pub(super) fn install(&self, install: &Install, entity: &Entity, now: DateTime<Utc>) -> u64 {
        let mut held = self.lock();
        let id = held.on(entity).map(|there| there.id);
        let id = id.unwrap_or_else(|| held.add(entity, now));
        for there in held.installations.iter_mut().filter(|there| there.id == id) {
            there.permissions = install.permissions(entity.kind);
            there.suspended = install.suspended.then_some(now);
            there.updated = now;
        }
        id
    }

    /// Takes the App away from `entity`; its tokens end with it.
    pub(super) fn uninstall(&self, entity: &Entity) -> bool {
        let mut held = self.lock();
        let Some(id) = held.on(entity).map(|there| there.id) else { return false };
        held.installations.retain(|there| there.id != id);
        held.tokens.retain(|_, lent| lent.installation != id);
        true
    }

    /// Suspends the installation on `entity`, or ends that.
    pub(super) fn suspend(&self, entity: &Entity, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let mut held = self.lock();
        let Some(there) = held.on(entity) else { return false };
        (there.suspended, there.updated) = (since, now);
        true
    }

    /// Ends all tokens.
    pub(super) fn revoke(&self) {
        self.lock().tokens.clear();
    }

    /// All of them, in the order of their numbers.
    pub(super) fn all(&self) -> Vec<Installation> {
        self.lock().installations.clone()
    }

    /// A new token of an installation for an hour, with what `permissions` chooses from those it has.
    ///
    /// # Errors
    /// 404 for an installation there is not, 403 for a suspended one, and what `permissions` says.
    pub(super) fn mint(
        &self,
        id: &str,
        now: DateTime<Utc>,
        permissions: impl FnOnce(&Installation) -> Result<Permissions, Refusal>,
    ) -> Result<Minted, Refusal> {
        let mut held = self.lock();
        let there = held.installations.iter().find(|there| there.id.to_string() == id);
        let there = there.ok_or_else(Refusal::not_found)?;
        if there.suspended.is_some() {
            return Err(suspended());
        }
        let (installation, permissions) = (there.id, permissions(there)?);
        let start = now.trunc_subsecs(0);
        let expires = start.checked_add_signed(LIFE).unwrap_or(start);
        held.minted += 1;
        let token = secret(self.seed, held.minted);
        held.tokens.retain(|_, lent| now < lent.expires);
        held.tokens.insert(token.clone(), Lent { installation, permissions: permissions.clone(), expires });
        Ok(Minted { token, expires, permissions })
    }

    /// What `token` opens at `now`; nothing if it is none, or none any more.
    pub(super) fn pass(&self, token: &str, now: DateTime<Utc>) -> Option<Pass> {
        let held = self.lock();
        let lent = held.tokens.get(token).filter(|lent| now < lent.expires)?;
        let there = held.installations.iter().find(|there| there.id == lent.installation)?;
        let Installation { id, kind, target, suspended, .. } = there;
        let grants = lent.permissions.iter().map(|(name, access)| format!("{name}:{access}")).collect();
        Some(Pass { installation: *id, kind: *kind, target: *target, grants, suspended: suspended.is_some() })
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock()
    }
}

impl Held {
    fn on(&mut self, entity: &Entity) -> Option<&mut Installation> {
        self.installations.iter_mut().find(|there| (there.kind, there.target) == (entity.kind, entity.id))
    }

    fn add(&mut self, entity: &Entity, now: DateTime<Utc>) -> u64 {
        let id = FIRST + self.installed;
        self.installed += 1;
        self.installations.push(Installation {
            id,
            kind: entity.kind,
            target: entity.id,
            login: entity.login.clone(),
            account: addresses::account(entity),
            permissions: Permissions::new(),
            created: now,
            updated: now,
            suspended: None,
        });
        id
    }
}

impl Pass {
    /// Refuses everything while the installation is suspended.
    ///
    /// # Errors
    /// 403.
    pub(super) fn is_in_force(&self) -> Result<(), Refusal> {
        if self.suspended { Err(suspended()) } else { Ok(()) }
    }

    /// Lets the App have this view of `entity`, which is `None` when there is none of that name.
    ///
    /// # Errors
    /// 404 for what it may not know of; 403 for another account, and without the permission.
    pub(super) fn admit<'w>(&self, view: View, entity: Option<&'w Entity>) -> Result<&'w Entity, Refusal> {
        let entity = entity.ok_or_else(Refusal::not_found)?;
        let own = (self.kind, self.target) == (entity.kind, entity.id);
        // Organisations are there for all to see, enterprises are not.
        if !own && entity.kind == Kind::Enterprise {
            return Err(Refusal::not_found());
        }
        let needs = needs(view, entity.kind);
        let holds = |wanted: &&str| self.grants.iter().any(|held| access::grants(held, wanted));
        if own && needs.permissions.iter().any(holds) { Ok(entity) } else { Err(out_of_reach(&needs)) }
    }
}

fn out_of_reach(needs: &Needs) -> Refusal {
    let refusal = Refusal::new(StatusCode::FORBIDDEN, "Resource not accessible by integration");
    match needs.accepted_permissions() {
        // No App at all can have it.
        None => refusal,
        Some(accepted) => refusal.with(X_ACCEPTED_PERMISSIONS, accepted),
    }
}

fn suspended() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "This installation has been suspended")
}

/// The text of the `number`-th token: opaque, and as long as GitHub's.
fn secret(seed: u64, number: u64) -> String {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let start = mix(mix(seed, 0x6768), number);
    let letters = (0..36).map(|place| char::from(ALPHABET[(mix(start, place) % 62) as usize]));
    format!("ghs_{}", letters.collect::<String>())
}
