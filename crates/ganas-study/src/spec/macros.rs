//! The declaration of specifications.

/// Declares a specification: a struct that is read from and written to files, and whose fields are
/// described by their own documentation.
///
/// Each field is `name: Type = default => |field| field.value("N");`, with the default left out where it is
/// that of the type. `name @ "key"` has another name in files. Parts that several specifications share
/// follow, each as `..part: PartSpec;`; their fields are fields of the whole.
///
/// ```
/// use ganas_study::spec::{Spec, read_map};
///
/// ganas_study::spec! {
///     /// Settings of a trial.
///     pub struct TrialSpec {
///         /// Steps to make.
///         steps: usize = 10 => |field| field.value("N");
///         /// Names of what is tried.
///         names: Vec<String> => |field| field.value("NAME").option("name");
///     }
/// }
///
/// let spec: TrialSpec = read_map(serde_json::json!({ "steps": 3 }))?;
/// assert_eq!((spec.steps, spec.names.len()), (3, 0));
/// let error = read_map::<TrialSpec>(serde_json::json!({ "step": 3 })).unwrap_err();
/// assert!(error.to_string().contains("did you mean `steps`?"));
/// # Ok::<(), ganas_core::error::Error>(())
/// ```
#[macro_export]
macro_rules! spec {
    (
        $(#[$meta:meta])*
        pub struct $spec:ident {
            $(
                $(#[doc = $doc:literal])*
                $name:ident $(@ $key:literal)? : $type:ty $(= $default:expr)? => $describe:expr;
            )*
            $( .. $part:ident : $part_type:ty; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        pub struct $spec {
            $(
                $(#[doc = $doc])*
                $(#[serde(rename = $key)])?
                #[serde(skip_serializing_if = "ganas_study::spec::is_default")]
                pub $name: $type,
            )*
            $(
                #[doc = concat!("Fields of [`", stringify!($part_type), "`].")]
                #[serde(flatten)]
                pub $part: $part_type,
            )*
        }

        impl Default for $spec {
            fn default() -> Self {
                $spec {
                    $( $name: $crate::spec!(@default $($default)?), )*
                    $( $part: Default::default(), )*
                }
            }
        }

        impl $crate::spec::Spec for $spec {
            fn fields() -> Vec<$crate::spec::Field> {
                let _default = $spec::default();
                let mut fields: Vec<$crate::spec::Field> = Vec::new();
                $( fields.extend(<$part_type as $crate::spec::Spec>::fields()); )*
                fields.extend([$(
                    {
                        let names: &[&'static str] = &[$($key,)? stringify!($name)];
                        let described: fn($crate::spec::Field) -> $crate::spec::Field = $describe;
                        described($crate::spec::Field::new(names[0], &[$($doc),*], &_default.$name))
                    }
                ),*]);
                fields
            }
        }
    };
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
}
