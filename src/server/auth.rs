//! Basic authentication: who asks, by user and password.
//!
//! A comparison by bcrypt is meant to take long. So there is one at a time, off the threads that serve; what was right
//! once is known again without another one; and nobody can fill the queue alone, lest others be kept out by wrong guesses.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac, rand::SystemRandom};
use base64::{Engine, prelude::BASE64_STANDARD};
use hyper::header::HeaderValue;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

/// Comparisons that may run or wait, in all and for one address.
const MOST_WAITING: usize = 32;
const MOST_OF_ONE_ADDRESS: usize = 4;

/// The highest cost of a hash: every step doubles the time, and at this one it is some seconds.
const HIGHEST_COST: u32 = 16;

/// Salt and hash of nothing in particular, for users that do not exist.
const DECOY: &str = "QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

/// The bcrypt hash of a password.
#[derive(Clone, Debug)]
pub struct PasswordHash {
    text: SecretString,
    cost: u32,
}

impl PasswordHash {
    /// Reads a hash as `htpasswd -nBC 10 ""` writes it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| "must be a bcrypt hash".to_owned())?;
        let cost = parts.get_cost();
        if !(4..=HIGHEST_COST).contains(&cost) {
            return Err(format!("must be a bcrypt hash with a cost from 4 to {HIGHEST_COST}"));
        }
        Ok(Self { text: SecretString::from(text), cost })
    }
}

/// The users, at least one.
#[derive(Debug)]
pub struct Users {
    hashes: BTreeMap<String, PasswordHash>,
    /// Compared with when there is no such user, as costly as the costliest: how long it takes must not tell.
    decoy: PasswordHash,
}

impl Users {
    /// The users by name; nothing if there are none.
    pub fn new(hashes: BTreeMap<String, PasswordHash>) -> Option<Self> {
        let cost = hashes.values().map(|hash| hash.cost).max()?;
        let text = SecretString::from(format!("$2y${cost:02}${DECOY}"));
        Some(Self { hashes, decoy: PasswordHash { text, cost } })
    }

    /// What to compare with, and whether there is such a user.
    fn hash_of(&self, user: &str) -> (&PasswordHash, bool) {
        self.hashes.get(user).map_or((&self.decoy, false), |hash| (hash, true))
    }
}

/// What comes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// User and password are right.
    Welcome,
    /// They are wrong, or missing.
    Refused,
    /// Too many comparisons are waiting.
    Crowded,
}

/// Checks passwords.
#[derive(Debug)]
pub struct Passwords {
    /// Of this process alone.
    key: hmac::Key,
    /// By user, the keyed hash of what was right.
    known: Mutex<HashMap<String, hmac::Tag>>,
    turn: Arc<Semaphore>,
    waiting: Mutex<HashMap<IpAddr, usize>>,
}

impl Passwords {
    /// Knows nothing yet.
    ///
    /// # Errors
    /// Without randomness from the system.
    pub fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        Ok(Self {
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())?,
            known: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
            waiting: Mutex::default(),
        })
    }

    /// Checks the `Authorization` header of a request from this address.
    pub async fn check(
        self: &Arc<Self>,
        users: &Users,
        header: Option<&HeaderValue>,
        from: IpAddr,
    ) -> Verdict {
        let Some((user, password)) = header.and_then(credentials) else { return Verdict::Refused };
        let (hash, exists) = users.hash_of(&user);
        let seal = self.seal(&user, hash, &password);
        if self.knows(&user, &seal) {
            return Verdict::Welcome;
        }
        let Some(place) = Place::of(self, from) else { return Verdict::Crowded };
        let turn = Arc::clone(&self.turn).acquire_owned().await.expect("it is never closed");
        // Found out by another request meanwhile.
        if self.knows(&user, &seal) {
            return Verdict::Welcome;
        }
        let hash = hash.text.clone();
        let compared = tokio::task::spawn_blocking(move || {
            // Whoever asked may be gone: the turn lasts as long as the work, and what it found is known all the same.
            let (place, _turn) = (place, turn);
            let right =
                bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false) && exists;
            if right {
                place.passwords.known.lock().insert(user, seal);
            }
            right
        });
        if compared.await.unwrap_or(false) { Verdict::Welcome } else { Verdict::Refused }
    }

    /// User, hash and password in one, so that nothing is known any more when one of them changes.
    fn seal(&self, user: &str, hash: &PasswordHash, password: &SecretString) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user, hash.text.expose_secret(), password.expose_secret()] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign()
    }

    fn knows(&self, user: &str, seal: &hmac::Tag) -> bool {
        let known = self.known.lock().get(user).copied();
        known.is_some_and(|known| verify_slices_are_equal(known.as_ref(), seal.as_ref()).is_ok())
    }
}

/// A place in the queue; free again when it is dropped.
struct Place {
    passwords: Arc<Passwords>,
    address: IpAddr,
}

impl Place {
    fn of(passwords: &Arc<Passwords>, from: IpAddr) -> Option<Self> {
        let address = neighbourhood(from);
        let mut waiting = passwords.waiting.lock();
        let all: usize = waiting.values().sum();
        let own = waiting.get(&address).copied().unwrap_or_default();
        if all >= MOST_WAITING || own >= MOST_OF_ONE_ADDRESS {
            return None;
        }
        waiting.insert(address, own + 1);
        Some(Self { passwords: Arc::clone(passwords), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.passwords.waiting.lock();
        if let Some(count) = waiting.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

/// The address as far as it tells one machine from another: of IPv6 every machine has a whole network.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// User and password of a `Basic` header.
fn credentials(header: &HeaderValue) -> Option<(String, SecretString)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> HeaderValue {
        HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(text))).unwrap()
    }

    fn users(pairs: &[(&str, &str)]) -> Users {
        let hash = |password: &str| PasswordHash::parse(&bcrypt::hash(password, 4).unwrap()).unwrap();
        Users::new(pairs.iter().map(|(user, password)| ((*user).to_owned(), hash(password))).collect())
            .unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    async fn check(passwords: &Arc<Passwords>, users: &Users, header: &HeaderValue) -> Verdict {
        passwords.check(users, Some(header), address("10.0.0.1")).await
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_user_is_let_in() {
        let (passwords, users) =
            (Arc::new(Passwords::new().unwrap()), users(&[("bob", "pass:word"), ("eve", "")]));
        for (text, expected) in [
            ("bob:pass:word", Verdict::Welcome),
            ("bob:pass:word", Verdict::Welcome),
            ("eve:", Verdict::Welcome),
            ("bob:pass", Verdict::Refused),
            ("bob:", Verdict::Refused),
            ("eve:pass:word", Verdict::Refused),
            ("bo:bpass:word", Verdict::Refused),
            ("nobody:pass:word", Verdict::Refused),
            ("bob", Verdict::Refused),
            ("", Verdict::Refused),
        ] {
            assert_eq!(check(&passwords, &users, &basic(text)).await, expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_header_that_is_none_of_basic_authentication_is_refused() {
        let (passwords, users) = (Arc::new(Passwords::new().unwrap()), users(&[("bob", "x")]));
        assert_eq!(passwords.check(&users, None, address("10.0.0.1")).await, Verdict::Refused);
        for header in ["", "Basic", "Basic ", "Basic !!!", "Bearer Ym9iOng=", "Basic /w==", "Ym9iOng="] {
            let header = HeaderValue::from_str(header).unwrap();
            assert_eq!(check(&passwords, &users, &header).await, Verdict::Refused, "{header:?}");
        }
        let header = HeaderValue::from_static("bAsIc  Ym9iOng=");
        assert_eq!(check(&passwords, &users, &header).await, Verdict::Welcome);
    }

    #[tokio::test]
    async fn what_was_right_is_answered_while_the_queue_is_full_and_everything_else_is_not() {
        let (passwords, users) = (Arc::new(Passwords::new().unwrap()), users(&[("bob", "x")]));
        assert_eq!(check(&passwords, &users, &basic("bob:x")).await, Verdict::Welcome);
        let place = |number: usize| {
            Place::of(&passwords, address(&format!("10.0.1.{}", number / MOST_OF_ONE_ADDRESS)))
        };
        let places: Vec<_> = (0..MOST_WAITING).filter_map(place).collect();
        assert_eq!(places.len(), MOST_WAITING);
        assert_eq!(check(&passwords, &users, &basic("bob:x")).await, Verdict::Welcome);
        for wrong in ["bob:y", "nobody:x"] {
            assert_eq!(check(&passwords, &users, &basic(wrong)).await, Verdict::Crowded);
        }
        drop(places);
        assert_eq!(check(&passwords, &users, &basic("bob:y")).await, Verdict::Refused);
        assert!(passwords.waiting.lock().is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn one_address_gets_a_few_places_only_and_an_ipv6_network_counts_as_one() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let own = ["2001:db8::1", "2001:db8::2", "2001:db8::1:2:3:4", "2001:db8:0:0:ffff::"].map(address);
        let places: Vec<_> = own.into_iter().filter_map(|from| Place::of(&passwords, from)).collect();
        assert_eq!(places.len(), MOST_OF_ONE_ADDRESS);
        assert!(Place::of(&passwords, address("2001:db8::5")).is_none());
        let others = ["2001:db8:0:1::", "10.0.0.1", "::ffff:10.0.0.2"].map(address);
        assert!(others.into_iter().all(|from| Place::of(&passwords, from).is_some()));
    }

    #[tokio::test]
    async fn a_password_that_has_changed_is_not_known_any_more() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let (before, after) = (users(&[("bob", "old")]), users(&[("bob", "new")]));
        assert_eq!(check(&passwords, &before, &basic("bob:old")).await, Verdict::Welcome);
        assert_eq!(check(&passwords, &after, &basic("bob:old")).await, Verdict::Refused);
        assert_eq!(check(&passwords, &after, &basic("bob:new")).await, Verdict::Welcome);
        let without = users(&[("eve", "x")]);
        assert_eq!(check(&passwords, &without, &basic("bob:new")).await, Verdict::Refused);
    }

    #[test]
    fn an_unknown_user_costs_as_much_as_the_costliest_and_nobody_has_that_hash() {
        let hash = |cost: &str| PasswordHash::parse(&format!("$2b${cost}${DECOY}")).unwrap();
        let users = Users::new([("a".to_owned(), hash("05")), ("b".to_owned(), hash("12"))].into()).unwrap();
        let (decoy, exists) = users.hash_of("nobody");
        assert_eq!((decoy.cost, exists), (12, false));
        assert_eq!(PasswordHash::parse(decoy.text.expose_secret()).unwrap().cost, 12);
    }

    #[test]
    fn neither_hash_nor_password_is_shown() {
        let users = users(&[("bob", "x")]);
        let (hash, _) = users.hash_of("bob");
        let shown =
            format!("{users:?} {:?} {:?}", Passwords::new().unwrap(), credentials(&basic("bob:hunter2")));
        assert!(!shown.contains(hash.text.expose_secret()) && !shown.contains("hunter2"), "{shown}");
    }
}
