//! The switches about a GitHub App: which one there is, and where it is installed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use super::world::Kind;

/// What an installation may do: GitHub's names of permissions, each with `read` or `write`.
pub(super) type Permissions = BTreeMap<String, String>;

/// The GitHub App there is.
///
/// Written `ID=FILE`: its number, and the file with its private key in PEM. If there is no such file, a key is
/// made and written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// GitHub's number of the App, which its web tokens name as `iss`.
    pub id: u64,
    /// The file with the private key, as PKCS#1 or PKCS#8.
    pub key_file: PathBuf,
}

/// Where the App is installed, with which permissions.
///
/// Written `OWNER[=permission:access+permission:access][:suspended]`: an organisation's login or the
/// enterprise's slug. Without permissions the installation has all an exporter needs; with `=` and nothing
/// after it, it has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    pub(super) owner: String,
    permissions: Option<Permissions>,
    pub(super) suspended: bool,
}

impl Install {
    /// An installation on `owner` as it is without any further words.
    pub(super) fn on(owner: &str) -> Self {
        Self { owner: owner.to_owned(), permissions: None, suspended: false }
    }

    /// The permissions it has on an owner of that kind.
    pub(super) fn permissions(&self, kind: Kind) -> Permissions {
        self.permissions.clone().unwrap_or_else(|| usual(kind))
    }
}

/// All that somebody who reads about Copilot needs of an owner.
pub(super) fn usual(kind: Kind) -> Permissions {
    let names: &[&str] = match kind {
        Kind::Organisation => &[
            "members",
            "metadata",
            "organization_administration",
            "organization_copilot_metrics",
            "organization_copilot_seat_management",
        ],
        Kind::Enterprise => &["enterprise_copilot_metrics"],
    };
    names.iter().map(|name| ((*name).to_owned(), "read".to_owned())).collect()
}

impl FromStr for App {
    type Err = String;

    fn from_str(spec: &str) -> Result<Self, String> {
        let (id, file) = spec.split_once('=').ok_or("an App is written ID=FILE")?;
        let id = id.parse().ok().filter(|id| *id > 0).ok_or("the ID of an App is a number above 0")?;
        if file.is_empty() {
            return Err("an App needs the FILE of its private key; it may not exist yet".into());
        }
        Ok(Self { id, key_file: file.into() })
    }
}

impl FromStr for Install {
    type Err = String;

    fn from_str(spec: &str) -> Result<Self, String> {
        let (spec, suspended) =
            spec.strip_suffix(":suspended").map_or((spec, false), |active| (active, true));
        let (owner, permissions) =
            spec.split_once('=').map_or((spec, None), |(owner, permissions)| (owner, Some(permissions)));
        if owner.is_empty() || !owner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(format!("`{owner}` is no organisation's login and no enterprise's slug"));
        }
        let permissions = match permissions {
            None => None,
            Some("") => Some(Permissions::new()),
            Some(some) => Some(some.split('+').map(permission).collect::<Result<_, _>>()?),
        };
        Ok(Self { owner: owner.into(), permissions, suspended })
    }
}

fn permission(word: &str) -> Result<(String, String), String> {
    let sound = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let split =
        word.split_once(':').filter(|(name, access)| sound(name) && ["read", "write"].contains(access));
    let (name, access) =
        split.ok_or_else(|| format!("`{word}` is no permission; permissions look like members:read"))?;
    Ok((name.to_owned(), access.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_and_installations_are_read_as_they_are_written() {
        let app: App = "4242=/keys/a=b.pem".parse().unwrap();
        assert_eq!((app.id, app.key_file.to_str()), (4242, Some("/keys/a=b.pem")));
        let plain: Install = "octo-labs".parse().unwrap();
        assert_eq!(plain, Install::on("octo-labs"));
        assert_eq!(plain.permissions(Kind::Organisation).len(), 5);
        assert_eq!(plain.permissions(Kind::Enterprise).len(), 1);
        let narrow: Install = "octo-labs=members:read+metadata:write:suspended".parse().unwrap();
        let permissions = [("members", "read"), ("metadata", "write")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(narrow.permissions(Kind::Organisation), permissions.into());
        assert!(narrow.suspended && narrow.owner == "octo-labs");
        let bare: Install = "octo-labs=".parse().unwrap();
        assert!(bare.permissions(Kind::Organisation).is_empty() && !bare.suspended);
        assert!("octo-labs:suspended".parse::<Install>().unwrap().suspended);
    }

    #[test]
    fn what_is_no_app_and_no_installation_is_refused_in_words() {
        for (spec, expected) in [
            ("4242", "an App is written ID=FILE"),
            ("app=/a.pem", "the ID of an App is a number above 0"),
            ("0=/a.pem", "the ID of an App is a number above 0"),
            ("4242=", "an App needs the FILE of its private key; it may not exist yet"),
        ] {
            assert_eq!(spec.parse::<App>().unwrap_err(), expected, "{spec}");
        }
        for (spec, expected) in [
            ("", "`` is no organisation's login and no enterprise's slug"),
            ("octo labs", "`octo labs` is no organisation's login and no enterprise's slug"),
            ("octo:gone", "`octo:gone` is no organisation's login and no enterprise's slug"),
            ("octo=members", "`members` is no permission; permissions look like members:read"),
            ("octo=members:read+", "`` is no permission; permissions look like members:read"),
            ("octo=read:org", "`read:org` is no permission; permissions look like members:read"),
        ] {
            assert_eq!(spec.parse::<Install>().unwrap_err(), expected, "{spec}");
        }
    }
}
