"""Lets an action name the address that its acting user came from."""

from .addresses import client_address


def acting_address(get_response):
    """The trail reads `user.address`: actions take the user who acts, never the request."""

    def middleware(request):
        if request.user.is_authenticated:
            request.user.address = client_address(request)
        return get_response(request)

    return middleware
