"""Comparisons that people come back to, each under a name of its owner's own."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from agencies.models import User


class SavedViewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The user's own: not even a manager sees what others keep."""
        return self.filter(user=user)


class SavedView(models.Model):
    MOST = 30

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField("名称", max_length=40)
    query = models.CharField("参数", max_length=2000, help_text="Comparison.query")
    created_at = models.DateTimeField("保存时间", auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "视图"
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("user", "name"),
                name="saved_view_name_once_a_user",
                violation_error_message="已有同名的视图：请换一个名称，或先删除原来的。",
            ),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="saved_view_has_a_name",
                violation_error_message="请填写视图名称。",
            ),
        )

    def __str__(self):
        return self.name

    @property
    def address(self):
        return f"{reverse('targets:institution-list')}?{self.query}"
