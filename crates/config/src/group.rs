//! Structs of parameters, made from the declarations of their keys.

use std::path::Path;

use silknow_errors::Result;

use crate::key::{Key, Operation};
use crate::options::{Explicit, Options};

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

/// The parameters of an operation: read from options, checked, written to a configuration file.
pub trait Parameters: Group {
    /// Whose parameters they are.
    const OPERATION: Operation;

    /// Takes the values from the options, and checks each and all of them together.
    ///
    /// # Errors
    /// A missing key, a value of the wrong type or out of range, values that do not go together; each with the
    /// key and its place.
    fn from_options(options: &Options) -> Result<Self> {
        Self::take(options)
    }

    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// Those of [`Options::read_file`] and [`from_options`](Self::from_options).
    fn from_configuration_file(path: impl AsRef<Path>) -> Result<Self> {
        let mut options = Options::new(Self::OPERATION, Explicit::Arguments);
        options.read_file(path)?;
        Self::take(&options)
    }

    /// The text of a configuration file that reads back as these parameters: the documented keys first.
    fn to_configuration_text(&self) -> String {
        let mut lines = Vec::new();
        self.write(&mut lines);
        let further = |name: &str| Self::OPERATION.key(name).is_some_and(|key| !key.documented);
        let (further, documented): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(name, _)| further(name));
        let text = |lines: &[(&str, String)]| -> String {
            lines.iter().map(|(name, value)| format!("{name}; {value}\n")).collect()
        };
        let between = if further.is_empty() { "" } else { "****FURTHER OPTIONS****\n" };
        format!("****{}****\n{}{between}{}", Self::OPERATION.title(), text(&documented), text(&further))
    }

    /// Checks parameters that were put together in code, as strictly as those from a file.
    ///
    /// # Errors
    /// Those of [`from_options`](Self::from_options), and a value that a configuration file could not hold.
    fn validate(&self) -> Result<()> {
        let options = Options::new(Self::OPERATION, Explicit::Arguments);
        self.check_each(&options)?;
        self.check_together(&options)
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
