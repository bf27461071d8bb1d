//! The methods of every service on the client port.

/// How many messages go which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One request, one response.
    Unary,
    /// One request, many responses.
    ServerStream,
    /// Many of both.
    BidiStream,
}

impl Shape {
    /// The label that etcd's metrics give it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ServerStream => "server_stream",
            Self::BidiStream => "bidi_stream",
        }
    }
}

/// Why a path names no method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown<'a> {
    /// Not of the form `/service/method`.
    Malformed,
    /// No such service.
    Service(&'a str),
    /// The service has no such method.
    Method {
        /// The service.
        service: &'a str,
        /// The method.
        method: &'a str,
    },
}

macro_rules! methods {
    ($($service:literal { $($variant:ident = $name:literal $shape:ident,)* })*) => {
        /// A method of the client port.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Method {
            $($($variant,)*)*
        }

        impl Method {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($(Self::$variant,)*)*];

            /// Its service's full name.
            #[must_use]
            pub const fn service(self) -> &'static str {
                match self { $($(Self::$variant => $service,)*)* }
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $($(Self::$variant => $name,)*)* }
            }

            /// How many messages go which way.
            #[must_use]
            pub const fn shape(self) -> Shape {
                match self { $($(Self::$variant => Shape::$shape,)*)* }
            }

            fn find<'a>(service: &'a str, method: &'a str) -> Result<Self, Unknown<'a>> {
                match service {
                    $($service => match method {
                        $($name => Ok(Self::$variant),)*
                        _ => Err(Unknown::Method { service, method }),
                    },)*
                    _ => Err(Unknown::Service(service)),
                }
            }
        }
    };
}

methods! {
    "etcdserverpb.KV" {
        Range = "Range" Unary,
        Put = "Put" Unary,
        Txn = "Txn" Unary,
        DeleteRange = "DeleteRange" Unary,
        Compact = "Compact" Unary,
        RangeStream = "RangeStream" ServerStream,
    }
    "etcdserverpb.Watch" {
        Watch = "Watch" BidiStream,
    }
    "etcdserverpb.Lease" {
        LeaseGrant = "LeaseGrant" Unary,
        LeaseRevoke = "LeaseRevoke" Unary,
        LeaseKeepAlive = "LeaseKeepAlive" BidiStream,
        LeaseTimeToLive = "LeaseTimeToLive" Unary,
        LeaseLeases = "LeaseLeases" Unary,
    }
    "etcdserverpb.Cluster" {
        MemberAdd = "MemberAdd" Unary,
        MemberRemove = "MemberRemove" Unary,
        MemberUpdate = "MemberUpdate" Unary,
        MemberList = "MemberList" Unary,
        MemberPromote = "MemberPromote" Unary,
    }
    "etcdserverpb.Maintenance" {
        Alarm = "Alarm" Unary,
        Status = "Status" Unary,
        Defragment = "Defragment" Unary,
        Hash = "Hash" Unary,
        HashKv = "HashKV" Unary,
        Snapshot = "Snapshot" ServerStream,
        MoveLeader = "MoveLeader" Unary,
        Downgrade = "Downgrade" Unary,
    }
    "etcdserverpb.Auth" {
        AuthEnable = "AuthEnable" Unary,
        AuthDisable = "AuthDisable" Unary,
        AuthStatus = "AuthStatus" Unary,
        Authenticate = "Authenticate" Unary,
        UserAdd = "UserAdd" Unary,
        UserGet = "UserGet" Unary,
        UserList = "UserList" Unary,
        UserDelete = "UserDelete" Unary,
        UserChangePassword = "UserChangePassword" Unary,
        UserGrantRole = "UserGrantRole" Unary,
        UserRevokeRole = "UserRevokeRole" Unary,
        RoleAdd = "RoleAdd" Unary,
        RoleGet = "RoleGet" Unary,
        RoleList = "RoleList" Unary,
        RoleDelete = "RoleDelete" Unary,
        RoleGrantPermission = "RoleGrantPermission" Unary,
        RoleRevokePermission = "RoleRevokePermission" Unary,
    }
    "v3lockpb.Lock" {
        Lock = "Lock" Unary,
        Unlock = "Unlock" Unary,
    }
    "v3electionpb.Election" {
        Campaign = "Campaign" Unary,
        Proclaim = "Proclaim" Unary,
        Leader = "Leader" Unary,
        Observe = "Observe" ServerStream,
        Resign = "Resign" Unary,
    }
    "grpc.health.v1.Health" {
        HealthCheck = "Check" Unary,
        HealthWatch = "Watch" ServerStream,
    }
}

impl Method {
    /// The method that `path` names.
    ///
    /// # Errors
    /// What is unknown about it.
    pub fn from_path(path: &str) -> Result<Self, Unknown<'_>> {
        let (service, method) = path
            .strip_prefix('/')
            .and_then(|path| path.rsplit_once('/'))
            .ok_or(Unknown::Malformed)?;
        Self::find(service, method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_found_by_its_own_path() {
        for &method in Method::ALL {
            let path = format!("/{}/{}", method.service(), method.name());
            assert_eq!(Method::from_path(&path), Ok(method));
        }
    }

    #[test]
    fn strange_paths() {
        assert_eq!(Method::from_path("/"), Err(Unknown::Malformed));
        assert_eq!(Method::from_path("Range"), Err(Unknown::Malformed));
        assert_eq!(Method::from_path("//Range"), Err(Unknown::Service("")));
        assert_eq!(Method::from_path("/a/b/c"), Err(Unknown::Service("a/b")));
        assert_eq!(
            Method::from_path("/etcdserverpb.KV/range"),
            Err(Unknown::Method { service: "etcdserverpb.KV", method: "range" })
        );
    }
}
