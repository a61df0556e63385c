"""Forms of the messages: the search bar over the inbox, and what somebody wants to be told."""

from django import forms

from .message_actions import switches_of
from .models import MessageKind, User

GUARANTEED_HELP = "必达：关闭后只停发邮件，站内消息照常送达。"


class MessageFilters(forms.Form):
    """An empty field does not narrow."""

    UNREAD = "unread"

    state = forms.ChoiceField(label="状态", required=False, choices=(("", "全部"), (UNREAD, "未读")))
    kind = forms.ChoiceField(label="种类", required=False, choices=(("", "全部"), *MessageKind.choices))

    def narrow(self, messages):
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("state") == self.UNREAD:
            messages = messages.unread()
        return messages.filter(kind=wanted["kind"]) if wanted.get("kind") else messages


class MessageSettingsForm(forms.ModelForm):
    """The own address, and a switch for each kind of message that concerns the own roles."""

    class Meta:
        model = User
        fields = ("email",)
        labels = {"email": "电子邮箱"}
        help_texts = {"email": "不填则只有站内消息。地址只用于发送通知，不对其他用户显示。"}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["email"].widget.attrs["autocomplete"] = "email"
        now, roles = switches_of(self.instance), self.instance.roles
        self.kinds = [kind for kind in MessageKind if kind.roles & roles]
        for kind in self.kinds:
            self.fields[kind.value] = forms.BooleanField(
                label=kind.label,
                required=False,
                initial=now[kind],
                help_text=GUARANTEED_HELP if kind.is_guaranteed else "",
            )

    @property
    def switches(self):
        return [self[kind.value] for kind in self.kinds]

    @property
    def wanted(self):
        return {kind: self.cleaned_data[kind.value] for kind in self.kinds}
