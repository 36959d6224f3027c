"""The staff console: navigation, home page, theme and sign-in around the admin pages of the apps."""
