//! Whether a certificate is valid at a moment.

use crate::clock::Time;
use crate::error::CertificateError;

/// The period in which a certificate is valid; both ends belong to it (RFC 5280 section 4.1.2.5).
///
/// ```
/// use bearcub::clock::Time;
/// use bearcub::error::CertificateError;
/// use bearcub::trust::Validity;
///
/// let validity = Validity {
///     not_before: Time::from_civil(2026, 5, 1, 0, 0, 0).unwrap(),
///     not_after: Time::from_civil(2026, 7, 29, 23, 59, 59).unwrap(),
/// };
/// let check = |year, month| validity.check(Time::from_civil(year, month, 15, 0, 0, 0).unwrap());
/// assert_eq!(check(2026, 4), Err(CertificateError::NotYetValid));
/// assert_eq!(check(2026, 6), Ok(()));
/// assert_eq!(check(2026, 8), Err(CertificateError::Expired));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub not_before: Time,
    /// The last second.
    pub not_after: Time,
}

impl Validity {
    /// Whether the certificate is valid at `now`.
    ///
    /// # Errors
    ///
    /// [`CertificateError::NotYetValid`] or [`CertificateError::Expired`]. A period that ends before it
    /// begins is always one of both.
    pub const fn check(&self, now: Time) -> Result<(), CertificateError> {
        if now.unix() < self.not_before.unix() {
            Err(CertificateError::NotYetValid)
        } else if now.unix() > self.not_after.unix() {
            Err(CertificateError::Expired)
        } else {
            Ok(())
        }
    }
}
