# Reports (app/page/).
