"""The inbox, which every account has, and what its owner wants to be told."""

from django.contrib import messages as sentences
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from . import mail, message_actions
from .message_forms import MessageFilters, MessageSettingsForm
from .models import Message, User

PAGE_SIZE = 50


def message_list(request):
    form = MessageFilters(request.GET)
    own = Message.objects.of(request.user)
    page = Paginator(form.narrow(own).unread_first(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "agencies/message_list.html", {"filter_form": form, "page_obj": page})


@require_POST
def message_open(request, pk):
    """Mark it read and go where it leads; a link alone would change something by being followed."""
    own = Message.objects.of(request.user).filter(pk=pk)
    message = get_object_or_404(own)
    message_actions.read(own)
    return redirect(message.address)


@require_POST
def messages_read(request):
    number = message_actions.read(Message.objects.of(request.user))
    sentences.success(request, f"已将 {number} 条消息标为已读。" if number else "没有未读消息。")
    return redirect("agencies:message-list")


def message_settings(request):
    # A copy: the form writes into its row while it checks, and the header shows the user of the request.
    owner = User.objects.get(pk=request.user.pk)
    form = MessageSettingsForm(request.POST if request.method == "POST" else None, instance=owner)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        changes = message_actions.settle(request.user, email=email, wanted=form.wanted, by=request.user)
        sentences.success(request, f"已保存：{'；'.join(changes)}。" if changes else "没有改动。")
        return redirect("agencies:message-settings")
    context = {"form": form, "sends_mail": mail.is_set_up()}
    return render(request, "agencies/message_settings.html", context)
