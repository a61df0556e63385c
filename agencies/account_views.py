"""The own password: Django's page, with a trace in the trail."""

from django.contrib.auth import update_session_auth_hash, views
from django.http import HttpResponseRedirect

from . import actions


class OwnPassword(views.PasswordChangeView):
    def form_valid(self, form):
        actions.change_own_password(self.request.user, form.cleaned_data["new_password1"])
        update_session_auth_hash(self.request, self.request.user)
        return HttpResponseRedirect(self.get_success_url())
