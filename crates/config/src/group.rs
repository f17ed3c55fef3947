//! Structs of parameters, made from the declarations of their keys.

use silknow_errors::Result;

use crate::key::Key;
use crate::options::Options;

/// A struct whose fields are keys. [`parameters!`](crate::parameters) implements it.
pub trait Group: Sized + PartialEq {
    /// Its keys, in the order in which they are written.
    fn keys() -> &'static [Key];

    /// The defaults; a key that must be given holds its example.
    #[doc(hidden)]
    fn initial() -> Self;

    /// Takes the value of each key from the options.
    #[doc(hidden)]
    fn read(options: &Options) -> Result<Self>;

    /// Adds name and text of each key whose value is not left out.
    #[doc(hidden)]
    fn write(&self, lines: &mut Vec<(&'static str, String)>);

    /// Checks each value by itself.
    #[doc(hidden)]
    fn check_each(&self, options: &Options) -> Result<()>;

    /// Checks values against each other; an error is about the key's place in the options.
    #[doc(hidden)]
    fn check_together(&self, options: &Options) -> Result<()>;

    /// Takes the values from the options, and checks each and all of them together.
    ///
    /// # Errors
    /// A missing key, a value of the wrong type or out of range, values that do not go together; each with the
    /// key and its place.
    fn take(options: &Options) -> Result<Self> {
        let group = Self::read(options)?;
        group.check_together(options)?;
        Ok(group)
    }
}

/// Declares a struct of parameters, and with it everything that its keys need.
///
/// A field is `/// documentation`, a name, a type, and the declaration of its key: [`required`](crate::required),
/// [`defaulted`](crate::defaulted) or [`optional`](crate::optional). The first line of the documentation is the help
/// text. The key of another struct is shared by naming its function, as in `TrainingParameters::device()`, and keeps
/// its help text. A field that begins with `..` embeds another group of keys. `checked by` names a function that checks
/// values against each other.
///
/// The macro makes the struct with public fields, its implementation of [`Group`](crate::Group), and one function a
/// key that returns its [`Field`](crate::Field).
#[macro_export]
macro_rules! parameters {
    (
        $(#[$meta:meta])*
        $vis:vis struct $Name:ident {
            $(
                #[doc = $about:literal]
                $(#[$more:meta])*
                $(.. $group:ident: $Group:ident)?
                $($field:ident: $Type:ty = $declaration:expr)?
                ;
            )+
        }
        $(checked by $check:expr;)?
    ) => {
        $(#[$meta])*
        $vis struct $Name {
            $(
                #[doc = $about]
                $(#[$more])*
                $(pub $group: $Group,)?
                $(pub $field: $Type,)?
            )+
        }

        impl $Name {
            $($(
                #[doc = concat!("The key `", stringify!($field), "`.")]
                $vis fn $field() -> $crate::Field<$Type> {
                    $declaration.named(stringify!($field), $about)
                }
            )?)+
        }

        impl $crate::Group for $Name {
            fn keys() -> &'static [$crate::Key] {
                static KEYS: ::std::sync::LazyLock<Vec<$crate::Key>> = ::std::sync::LazyLock::new(|| {
                    let groups: &[&[$crate::Key]] = &[$(
                        $(<$Group as $crate::Group>::keys(),)?
                        $(&[$Name::$field().into_key()],)?
                    )+];
                    groups.concat()
                });
                &KEYS
            }

            fn initial() -> Self {
                Self {
                    $(
                        $($group: $crate::Group::initial(),)?
                        $($field: Self::$field().initial(),)?
                    )+
                }
            }

            fn read(options: &$crate::Options) -> $crate::Result<Self> {
                Ok(Self {
                    $(
                        $($group: $crate::Group::read(options)?,)?
                        $($field: Self::$field().read(options)?,)?
                    )+
                })
            }

            fn write(&self, lines: &mut Vec<(&'static str, String)>) {
                $(
                    $($crate::Group::write(&self.$group, lines);)?
                    $(lines.extend(Self::$field().write(&self.$field).map(|text| (stringify!($field), text)));)?
                )+
            }

            fn check_each(&self, options: &$crate::Options) -> $crate::Result<()> {
                $(
                    $($crate::Group::check_each(&self.$group, options)?;)?
                    $(Self::$field().check(&self.$field, options)?;)?
                )+
                Ok(())
            }

            #[allow(unused_variables)]
            fn check_together(&self, options: &$crate::Options) -> $crate::Result<()> {
                $($($crate::Group::check_together(&self.$group, options)?;)?)+
                $($check(self, options)?;)?
                Ok(())
            }
        }
    };
}
