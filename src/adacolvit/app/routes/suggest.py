"""What to do next: places worth a hint, colors worth trying."""

from fastapi import APIRouter, Request

from adacolvit.app.answers import failures
from adacolvit.app.live import plain
from adacolvit.app.messages import ColorsRequest, Place, PlacesRequest, Suggestion
from adacolvit.app.studio import Studio
from adacolvit.suggest.colors import suggest_colors
from adacolvit.suggest.places import suggest_places


def suggest_routes(studio: Studio) -> APIRouter:
    """The routes of suggestions. They take many runs of the network, so they have threads apart from clicks."""
    routes = APIRouter(prefix="/api/photos", tags=["suggestions"])

    @routes.post("/{photo_id}/suggest/places", responses=failures(404))
    async def places(photo_id: str, wanted: PlacesRequest, request: Request) -> list[Place]:
        """Places where a hint would change most, the most useful first; none near a hint that is there."""
        entry = await studio.entry(photo_id, request)
        found = await studio.suggest(
            request, suggest_places, entry.colorizer, plain(wanted.hints), wanted.count, budget=wanted.budget
        )
        return [Place(x=place.x, y=place.y, gain=place.gain) for place in found]

    @routes.post("/{photo_id}/suggest/colors", responses=failures(404))
    async def colors(photo_id: str, wanted: ColorsRequest, request: Request) -> list[Suggestion]:
        """Colors to try at a place, different to the eye, each with the signal it comes from."""
        entry = await studio.entry(photo_id, request)
        reference = (await studio.entry(wanted.reference, request)).photo if wanted.reference else None
        found = await studio.suggest(
            request, suggest_colors, entry.colorizer, plain(wanted.hints), wanted.x, wanted.y, reference,
            budget=wanted.budget,
        )  # fmt: skip
        return [Suggestion(color=suggestion.color, reason=suggestion.reason) for suggestion in found]

    return routes
